import { z } from 'zod';
import { Uuid } from '../ids.ts';
import { operation } from '../operation.ts';
import { DialogAnswer, DialogText } from '../task.ts';

export const answerDialog = operation({
  name: 'answerDialog',
  method: 'POST',
  path: '/api/tasks/:id/dialog-answer',
  tag: 'tasks',
  summary: 'Answer a dialog',
  description:
    'Chooses an option of the dialog that the agent’s terminal shows: "activity.question" of the task has its id and its options, and which of them take words of yours. Answers when the dialog is gone. An answer to a dialog that is not shown any more is never typed.',
  effect: 'write',
  tool: 'answer_dialog',
  input: z.object({
    id: Uuid.describe('The task’s id.'),
    dialogId: z.string().min(1).max(64).describe('"activity.question.id" of the dialog that is meant.'),
    option: z.int().min(0).max(31).describe('Which of "activity.question.options", from 0.'),
    text: DialogText.optional().describe(
      'Words of yours beside the option, where "activity.question.textOptions" has it: what to do instead, or an answer of your own. One line, at most 500 characters.',
    ),
  }),
  output: DialogAnswer,
  errors: [
    'task_not_found',
    'task_ended',
    'task_closed',
    'dialog_gone',
    'dialog_unanswered',
    'dialog_takes_no_text',
    'runner_away',
    'human_control',
    'version_conflict',
  ],
});
