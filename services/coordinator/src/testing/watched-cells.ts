type Table = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface WatchedCells {
  /** The cells that nobody has read, `table: state × event`. */
  unread(): string[];
  /** The tables are as they were. */
  end(): void;
}

/**
 * Sees which cells of tables are read, by whatever code reads them: each cell becomes a getter meanwhile. So the code that is
 * watched knows nothing of it.
 */
export function watchCells(tables: Readonly<Record<string, Table>>): WatchedCells {
  const unread = new Set<string>();
  const restore: (() => void)[] = [];
  for (const [name, table] of Object.entries(tables)) {
    for (const [state, row] of Object.entries(table)) {
      for (const [event, cell] of Object.entries(row)) {
        const place = `${name}: ${state} × ${event}`;
        unread.add(place);
        const get = (): unknown => {
          unread.delete(place);
          return cell;
        };
        Object.defineProperty(row, event, { get, configurable: true, enumerable: true });
        restore.push(() =>
          Object.defineProperty(row, event, { value: cell, configurable: true, enumerable: true, writable: true }),
        );
      }
    }
  }
  return {
    unread: () => [...unread],
    end: () => {
      for (const step of restore) step();
    },
  };
}
