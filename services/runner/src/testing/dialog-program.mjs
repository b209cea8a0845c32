// A program that shows dialogs as Claude Code draws them, and takes the keys that it takes. Arguments: how many dialogs it
// shows one after the other, and "deaf" where it takes no Enter. What is pressed while a dialog comes up it throws away, too.
const [, , count, deaf] = process.argv;
const options = ['Yes', 'Yes, and always allow it', 'No'];
let left = Number(count);
let selected = 0;
let shownAt = 0;
const COMES_UP_MS = 300;

const rule = '─'.repeat(80);
function draw(text) {
  process.stdout.write(`\u001b[2J\u001b[H${text.replaceAll('\n', '\r\n')}`);
}
function show() {
  if (left === 0) return draw(`said ${said.join(',')}\n${rule}\n❯ \n${rule}\n  ? for shortcuts`);
  const list = options.map((option, index) => ` ${index === selected ? '❯' : ' '} ${index + 1}. ${option}`).join('\n');
  draw(`● I will run it.\n${rule}\n Bash command ${left}\n Do you want to proceed?\n${list}\n\n Esc to cancel`);
}
// An arrow as a terminal sends it, else one key.
// oxlint-disable-next-line no-control-regex -- escape is what an arrow begins with
const ARROW_OR_KEY = /\u001b\[[A-D]|[^]/g;
const said = [];
process.stdin.setRawMode(true);
process.stdin.on('data', (bytes) => {
  if (performance.now() - shownAt < COMES_UP_MS) return;
  for (const key of String(bytes).match(ARROW_OR_KEY) ?? []) {
    if (key === '\u001b[B') selected = Math.min(selected + 1, options.length - 1);
    if (key === '\u001b[A') selected = Math.max(selected - 1, 0);
    if (key === '\r' && deaf === undefined && left > 0) {
      said.push(options[selected]);
      left -= 1;
      selected = 0;
      shownAt = performance.now();
    }
  }
  show();
});
shownAt = performance.now();
show();
