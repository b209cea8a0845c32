import type { Script } from '@roundhouse/testkit';

const commit = (file: string): string => `printf done > ${file} && git add ${file} && git commit -q -m "Add ${file}"`;

/** What is told to the agents. Each prompt is known to the script by its words. */
export const PROMPTS = {
  add: (file: string) => `Add the file ${file} and say that you are done.`,
  addAsking: (file: string) => `Ask before you add the file ${file} and say that you are done.`,
  ask: (tool: string) => `Ask with ${tool} which colour it shall be.`,
  askSizes: 'Ask which sizes it shall have.',
  heed: 'Run a command, and heed what is said to it.',
  ponder: 'Ponder for a while.',
  coordinate: 'Have somebody greet the world.',
} as const;

/** One question as the tools of the programs that ask the user take it: each heeds what it knows of it. */
const QUESTION = 'Which colour?';
const COLOUR = {
  question: QUESTION,
  header: 'Colour',
  type: 'choice',
  multiSelect: false,
  options: [
    { label: 'Red', description: 'Warm' },
    { label: 'Blue', description: 'Calm' },
  ],
};
/** As Gemini CLI and Copilot take it under one name; the others refuse what they do not know. */
const ASKED = {
  questions: [COLOUR],
  message: QUESTION,
  requestedSchema: { properties: { colour: { type: 'string', title: 'Colour', enum: ['Red', 'Blue'] } } },
};

/** As Copilot takes it: some of several. */
const SIZES = {
  message: 'Which sizes?',
  requestedSchema: {
    properties: {
      sizes: { type: 'array', title: 'Sizes', items: { type: 'string', enum: ['Small', 'Middling', 'Large'] } },
    },
  },
};

/** What the model says to them. It ponders until `pondered` resolves. */
export const storyOf = (pondered: Promise<unknown>): Script => [
  {
    prompt: /Add the file (\S+) and say/,
    replies: [
      ({ match }) => ({ text: 'I begin.', calls: [{ shell: commit(match[1] ?? '') }] }),
      { calls: [{ tool: 'signal_done', args: { summary: 'It is there.' } }] },
      { text: 'It is told.' },
    ],
  },
  {
    prompt: /Ask before you add the file (\S+) and say/,
    replies: [
      ({ match }) => ({ text: 'May I?', calls: [{ shell: commit(match[1] ?? ''), outside: true }] }),
      { calls: [{ tool: 'signal_done', args: { summary: 'I was allowed to.' } }] },
      { text: 'It is told.' },
    ],
  },
  {
    prompt: /Ask with (\w+) which colour/,
    replies: [
      ({ match: [, tool = ''] }) => ({
        calls: [{ tool, args: tool === 'ask_user' ? ASKED : { questions: [COLOUR] } }],
      }),
      { text: 'So be it.' },
    ],
  },
  {
    prompt: /Ask which sizes/,
    replies: [{ calls: [{ tool: 'ask_user', args: SIZES }] }, { text: 'So be it.' }],
  },
  {
    prompt: /Run a command, and heed/,
    replies: [{ calls: [{ shell: commit('unwanted.txt'), outside: true }] }, { text: 'I heed it.' }],
  },
  { prompt: /Ponder for a while/, replies: [{ after: pondered, text: 'I have pondered.' }] },
  {
    prompt: /Have somebody greet/,
    replies: [
      {
        calls: [
          {
            tool: 'create_task',
            args: { name: 'greet', prompt: '@write hi.txt hello\n@commit Greet\n@done', agent: { kind: 'scripted' } },
          },
        ],
      },
      ({ results }) => ({ text: `It was answered: ${results.at(-1) ?? 'nothing'}` }),
    ],
  },
];
