// A program that draws and keeps records in its HOME as Claude Code does, or with `--allow-all` as Copilot does, and dies.
// `--lives=paste,work,live` says at what each of its lives ends: at its start, when something is pasted, when it was told something,
// before that is written down, which is only after its work shows (`unwritten`), while it works on that, or not.
import { appendFileSync, mkdirSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const home = process.env.HOME;
const file = (name) => join(home, name);
const lines = (name) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').filter(Boolean) : []);
const plan = process.argv.find((word) => word.startsWith('--lives='))?.slice('--lives='.length) ?? '';
const life = lines('lives').length;
const end = plan.split(',')[life] ?? 'live';
const resumes = process.argv.includes('--resume');
appendFileSync(file('lives'), `${resumes ? 'resumed' : 'new'}\n`);
const isCopilot = process.argv.includes('--allow-all');
const WRITTEN_MS = 300;
const die = () => process.kill(process.pid, 'SIGKILL');

if (end === 'start') process.exit(1);
if (resumes && lines('conversation').length === 0) {
  process.stdout.write('No conversation found\r\n');
  process.exit(1);
}

const rule = '─'.repeat(80);
let typed = '';
let working = false;
function draw() {
  const [works, waits] = isCopilot
    ? [' ◉ Working esc esc interrupt', ' / commands · ? help']
    : ['  esc to interrupt', '  ? for shortcuts'];
  const box = [rule, `❯ ${typed}`, rule, working ? works : waits];
  const told = lines('conversation').map((line) => `● ${line}`);
  process.stdout.write(`\u001b[2J\u001b[H${[...told, ...box].join('\r\n')}`);
}
function take(line) {
  if (end === 'told') return setTimeout(die, 200);
  if (end === 'unwritten') setTimeout(die, WRITTEN_MS);
  else setTimeout(() => write(line), WRITTEN_MS);
  working = true;
  draw();
  setTimeout(() => {
    if (end === 'work') return die();
    working = false;
    draw();
  }, 1_200);
}
function write(line) {
  appendFileSync(file('conversation'), `${line}\n`);
  const timestamp = new Date().toISOString();
  const [folder, name, entry] = isCopilot
    ? ['.copilot/session-state/one', 'events.jsonl', { type: 'user.message', data: { content: line }, timestamp }]
    : ['.claude/projects/one', 'one.jsonl', { type: 'user', message: { role: 'user', content: line }, timestamp }];
  mkdirSync(file(folder), { recursive: true });
  appendFileSync(join(file(folder), name), `${JSON.stringify(entry)}\n`);
}
process.stdin.setRawMode(true);
process.stdout.write('\u001b[?2004h');
process.stdin.on('data', (bytes) => {
  // oxlint-disable-next-line no-control-regex -- escape is what a paste begins with
  const text = String(bytes).replace(/\u001b\[20[01]~/g, '');
  if (end === 'paste') return die();
  if (!text.endsWith('\r')) {
    typed += text;
    return draw();
  }
  const line = typed + text.slice(0, -1);
  typed = '';
  take(line);
});
draw();
