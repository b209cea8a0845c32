import { z } from 'zod';

interface ErrorRow {
  /** HTTP status (RFC 9110). */
  readonly status: number;
  /** Whether the very same request may succeed later. */
  readonly retry: boolean;
  /** What the caller should do next, in one sentence. */
  readonly hint: string;
}

const row = (status: number, retry: boolean, hint: string): ErrorRow => ({ status, retry, hint });

/** Every error that may cross the wire. The docs, the OpenAPI document and the code are held to this one table. */
export const ERRORS = {
  validation_failed: row(400, false, 'Correct the fields that "details.issues" names and send the request again.'),
  bad_request: row(400, false, 'Send a well-formed HTTP request: URL, headers and JSON body.'),
  bad_host: row(400, false, 'Send a Host header that names this service, or add the name to its allowed hosts.'),
  cursor_invalid: row(400, false, 'Start again without a cursor; this one is malformed or of another text.'),
  coordinator_required: row(400, false, 'Name the coordinator to act for in the X-Coordinator-Id header.'),
  branch_not_found: row(400, false, 'Name a branch that the project’s hub has; push it to the hub first if it is new.'),
  result_invalid: row(
    400,
    false,
    'Mend the result as "details.issues" says (get_inputs shows the schema) and signal again.',
  ),
  result_schema_invalid: row(
    400,
    false,
    'Send a JSON Schema (2020-12 or draft-07) that refers to nothing outside itself.',
  ),
  project_unreadable: row(400, false, 'Give the absolute path of a git repository that this service can read.'),
  project_empty: row(400, false, 'Make a first commit in the repository, then add it again.'),
  webhook_refused: row(
    400,
    false,
    'Name a public http:// or https:// address; private ones are only for services whose operator allows them.',
  ),
  unauthenticated: row(
    401,
    false,
    'Send "Authorization: Bearer <token>" with a token that is neither expired nor revoked.',
  ),
  forbidden: row(403, false, 'Use a token whose role may do this.'),
  coordinator_mismatch: row(
    403,
    false,
    'Send your own coordinator id in X-Coordinator-Id, and no other one in the body.',
  ),
  origin_refused: row(403, false, 'Call this service from a program, not from a web page of another origin.'),
  access_stopped: row(403, false, 'An operator has stopped this coordinator’s access; ask for it to be started again.'),
  pin_wrong: row(403, false, 'Read the PIN again; "details.triesLeft" says how often you may still try.'),
  pairing_locked: row(403, false, 'Have a new PIN made: too many wrong ones were tried.'),
  done_token_invalid: row(403, false, 'Send the X-Done-Token that this attempt was given when it started.'),
  land_self_not_allowed: row(403, false, 'Call signal_done; this task’s coordinator lands the work itself.'),
  ref_forbidden: row(403, false, 'Push only to the one ref that this token is for.'),
  route_not_found: row(404, false, 'See /api/openapi.json for the routes that there are.'),
  method_not_allowed: row(405, false, 'Use a method that the Allow header names; see /api/openapi.json.'),
  task_not_found: row(404, false, 'List the tasks to see which ids are yours.'),
  project_not_found: row(404, false, 'List the projects to see which there are, or add this one.'),
  coordinator_not_found: row(404, false, 'List the coordinators to see which there are.'),
  token_not_found: row(404, false, 'List the tokens to see which there are.'),
  pairing_not_open: row(404, false, 'Have a PIN made (roundhouse coordinator pair); it is good for 5 minutes.'),
  wait_not_found: row(
    404,
    false,
    'It is forgotten, or not yours: wait anew; what it had not given out is still there.',
  ),
  prompt_not_found: row(404, false, 'Read the task’s status: "prompts" has the receipts that there are.'),
  question_not_found: row(404, false, 'Read the task’s status: "questions" has those that are open.'),
  prompt_not_queued: row(409, false, 'It is with the agent already; send another prompt that corrects it.'),
  control_not_held: row(409, false, 'Take the keyboard first (roundhouse task take); a hold ends by itself.'),
  no_terminal: row(409, true, 'Wait until the task runs; its agent has no terminal yet.'),
  input_queue_full: row(409, true, 'Wait until the terminal has taken what was typed, then type on.'),
  waits_full: row(
    409,
    true,
    'Ask for the answers of the waits that you keep, or cancel some: a token keeps at most 256 that are open.',
  ),
  questions_full: row(409, true, 'Wait for an answer to one of the questions that are open.'),
  question_answered: row(409, false, 'Another answer was first; "details.answer" has it.'),
  question_over: row(409, false, 'The attempt that asked has ended; nobody waits for the answer.'),
  token_over: row(409, false, 'The token is revoked or has expired; create a new one.'),
  token_in_file: row(409, false, 'Put another token into the service’s file, start it again, then revoke this one.'),
  not_signalled: row(409, false, 'Wait for the task’s signal (wait_for_signal_done); unfinished work is never landed.'),
  nothing_published: row(409, true, 'Wait until the task has signalled; it has pushed no commit yet.'),
  task_ended: row(409, false, 'The agent is gone; create a new task, or merge or close this one.'),
  task_closed: row(409, false, 'The task is closed; its work is kept under the archive ref that its status names.'),
  already_admitted: row(409, false, 'The task has been let in, so what it waits for is settled; create another task.'),
  dependency_cycle: row(409, false, 'Leave out one of the dependencies that "details.path" names.'),
  budget_exhausted: row(409, false, 'Work with the tasks that there are, or have an operator raise the budget.'),
  already_landing: row(409, true, 'Wait for the landing that is under way, then ask again.'),
  commit_changed: row(409, false, 'Read the diff again and pass the commit that it names.'),
  attempt_stale: row(409, false, 'Stop: a newer attempt owns this task.'),
  human_control: row(409, true, 'A person holds the keyboard (see details); wait until it is handed back.'),
  dialog_gone: row(409, false, 'See with get_task_status which dialog is shown now, if there is one, and answer that.'),
  dialog_unanswered: row(
    409,
    false,
    'Look at the terminal (get_task_output): the keys were typed and the dialog stayed. Answer again, or take the keyboard.',
  ),
  dialog_takes_no_text: row(
    409,
    false,
    'Answer without "text", or with an option of "activity.question.textOptions". What is to be said besides is a prompt: send_prompt, once it is answered.',
  ),
  prompt_queue_full: row(409, true, 'Wait until the agent has taken the prompts that are queued.'),
  uncommitted_changes: row(409, false, 'Commit or discard the files that "details.files" names, then signal again.'),
  instructions_in_commit: row(
    409,
    false,
    'Take the marked block of instructions out of the commits that have it ("details" names the first): git rebase, or git reset --soft and commit anew with git’s filters on. Then signal again.',
  ),
  publish_failed: row(409, true, 'The runner could not push the work; "details.reason" says why. Signal again.'),
  runner_away: row(409, true, 'The runner did not answer in time; the request stays in force. Ask again.'),
  idempotency_mismatch: row(409, false, 'Use a new Idempotency-Key for a different request.'),
  idempotency_in_progress: row(
    409,
    true,
    'The first request with this key is still running; send it again in a moment.',
  ),
  version_conflict: row(409, true, 'The task changed meanwhile; send the request again.'),
  cursor_expired: row(
    410,
    false,
    'What follows this cursor is not kept any more: list the tasks to see where they stand, then read on without a cursor.',
  ),
  body_too_large: row(413, false, 'Send at most 1 MiB of JSON.'),
  prompt_too_large: row(
    413,
    false,
    'Send at most 64 KiB (UTF-8) a prompt; put longer text into a file of the repository.',
  ),
  input_too_large: row(413, false, 'Type at most 4 KiB (UTF-8) a call, one call after the other.'),
  result_too_large: row(413, false, 'Send at most 64 KiB of JSON as the result; commit what is longer as a file.'),
  unsupported_media_type: row(415, false, 'Send JSON with "Content-Type: application/json".'),
  rate_limited: row(429, true, 'Send the request again after as many seconds as the Retry-After header says.'),
  internal: row(
    500,
    false,
    'This is a fault of the service; its log has the request id that "details.requestId" names.',
  ),
  git_failed: row(500, true, 'Git failed in the hub; the log has its words. The branch is unchanged.'),
  store_unavailable: row(503, true, 'Redis does not answer; send the request again when it is back.'),
  service_unreachable: row(
    503,
    true,
    'Call again in a few seconds; nothing is lost meanwhile. If it stays so, start the service (npm start).',
  ),
  output_not_rendered: row(
    503,
    true,
    'Call again: rendering goes on from where it has come to. Or read it with form "raw".',
  ),
  stopping: row(503, true, 'The service is stopping; send the request again when it is back.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** The body of every answer with a status of 400 or more. */
export const ErrorBody = z
  .object({
    error: z.object({
      code: z.string().describe('One of the codes of the error table.'),
      message: z.string().describe('What happened, in one sentence.'),
      hint: z.string().describe('What to do next.'),
      retry: z.boolean().describe('Whether the very same request may succeed later.'),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: 'Error' });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** An error from the table. What is thrown anywhere else is a fault of ours and answers as `internal`. */
export class RoundhouseError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = 'RoundhouseError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  toBody(): ErrorBody {
    const { hint, retry } = ERRORS[this.code];
    const error = { code: this.code, message: this.message, hint, retry };
    return { error: this.details === undefined ? error : { ...error, details: this.details } };
  }
}

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
