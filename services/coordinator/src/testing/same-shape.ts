/** The keys whose values say which variant of a union it is: they must be equal, not only of one type. */
const DISCRIMINATORS = new Set(['state', 'outcome', 'kind', 'role', 'want', 'holder']);

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Where two JSON values are of different shapes: keys, types, variants; of a list, some row is like the example's. */
export function shapeFaults(expected: unknown, actual: unknown, path = ''): string[] {
  const [type, other] = [typeOf(expected), typeOf(actual)];
  if (type !== other) return [`${path}: ${type} in the example, ${other} in the answer`];
  if (type === 'array') {
    const [[first], rows] = [expected as unknown[], actual as unknown[]];
    if ((first === undefined) !== (rows.length === 0)) return [`${path}: rows in one of example and answer`];
    const faults = rows.map((row) => shapeFaults(first, row, `${path}[]`));
    return faults.some((found) => found.length === 0) ? [] : (faults[0] ?? []);
  }
  if (type !== 'object') {
    const decides = DISCRIMINATORS.has(path.slice(path.lastIndexOf('.') + 1));
    return decides && expected !== actual
      ? [`${path}: ${String(expected)} in the example, ${String(actual)} in the answer`]
      : [];
  }
  const [one, two] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(two)])];
  return keys.flatMap((key) => {
    if (!(key in one)) return [`${path}.${key}: not in the example`];
    if (!(key in two)) return [`${path}.${key}: not in the answer`];
    return shapeFaults(one[key], two[key], `${path}.${key}`);
  });
}
