import type { CallOf, OutputOf } from '../operation.ts';
import type { OPERATIONS, OperationName } from '../operations.ts';

/** A call of one operation as a client makes it, and what is answered. Of a stream: what one event of it carries. */
export interface Example<N extends OperationName> {
  readonly request: CallOf<(typeof OPERATIONS)[N]>;
  readonly answer: OutputOf<(typeof OPERATIONS)[N]>;
}
export type Examples = { readonly [N in OperationName]?: Example<N> };
