// A program that shows dialogs as Claude Code draws them, and takes the keys that it takes. Arguments: how many dialogs it
// shows one after the other, and "deaf" where it takes no Enter, or "forgetful" where it loses what is pasted. What is pressed while a
// dialog comes up it throws away, too. Tab opens a place for text behind "Yes" and "No".
const [, , count, fault] = process.argv;
const options = ['Yes', 'Yes, and always allow it', 'No'];
let left = Number(count);
let selected = 0;
let shownAt = 0;
/** What is typed where the selector stands; null: the place for it is not open. */
let text = null;
const COMES_UP_MS = 300;

const rule = '─'.repeat(80);
function draw(text) {
  process.stdout.write(`\u001b[2J\u001b[H${text.replaceAll('\n', '\r\n')}`);
}
function show() {
  if (left === 0) return draw(`said ${said.join(',')}\n${rule}\n❯ \n${rule}\n  ? for shortcuts`);
  const labels = options.map((option, index) => (index === selected && text !== null ? amended(option) : option));
  const list = labels.map((label, index) => ` ${index === selected ? '❯' : ' '} ${index + 1}. ${label}`).join('\n');
  const hints = text === null ? 'Esc to cancel · Tab to amend' : 'Esc to cancel';
  draw(`● I will run it.\n${rule}\n Bash command ${left}\n Do you want to proceed?\n${list}\n\n ${hints}`);
  process.stdout.write(`\u001b[${5 + selected};${text === null ? 2 : 12 + text.length}H`);
}
const amended = (option) => `${option}, ${text === '' ? 'and tell Claude what to do' : text}`;
// A paste or an arrow as a terminal sends it, else one key.
// oxlint-disable-next-line no-control-regex -- escape is what an arrow begins with
const PASTE_ARROW_OR_KEY = /\u001b\[200~[^]*?\u001b\[201~|\u001b\[[A-D]|[^]/g;
const said = [];
process.stdin.setRawMode(true);
process.stdin.on('data', (bytes) => {
  if (performance.now() - shownAt < COMES_UP_MS) return;
  for (const key of String(bytes).match(PASTE_ARROW_OR_KEY) ?? []) {
    if (key === '\u001b[B') selected = Math.min(selected + 1, options.length - 1);
    if (key === '\u001b[A') selected = Math.max(selected - 1, 0);
    if (key === '\t' && !options[selected].includes(',')) text = '';
    if (key.startsWith('\u001b[200~') && text !== null && fault !== 'forgetful') text += key.slice(6, -6);
    if (key === '\r' && fault !== 'deaf' && left > 0) {
      said.push(text === null ? options[selected] : amended(options[selected]));
      left -= 1;
      selected = 0;
      text = null;
      shownAt = performance.now();
    }
  }
  show();
});
shownAt = performance.now();
show();
