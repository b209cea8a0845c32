import { ACCESS_EXAMPLES } from './access-examples.ts';
import { ADMISSION_EXAMPLES } from './admission-examples.ts';
import type { Examples } from './example.ts';
import { CONTROL_EXAMPLES } from './control-examples.ts';
import { KEPT_WAIT_EXAMPLES } from './kept-wait-examples.ts';
import { NOTIFICATION_EXAMPLES } from './notification-examples.ts';
import { SERVICE_EXAMPLES } from './service-examples.ts';
import { TASK_EXAMPLES } from './task-examples.ts';

/**
 * One example an operation, told in the OpenAPI document and run against a real service by a test, which also fails for an
 * operation without one.
 */
export const EXAMPLES: Examples = {
  ...TASK_EXAMPLES,
  ...KEPT_WAIT_EXAMPLES,
  ...CONTROL_EXAMPLES,
  ...SERVICE_EXAMPLES,
  ...ACCESS_EXAMPLES,
  ...ADMISSION_EXAMPLES,
  ...NOTIFICATION_EXAMPLES,
};
export { SAMPLE } from './sample-values.ts';
