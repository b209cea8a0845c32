export type InputEvent =
  /** Text plus Enter: a prompt. `bytes` is exactly what was pasted or typed. */
  | { readonly type: 'prompt'; readonly bytes: Buffer; readonly pasted: boolean }
  /** Typed by hand, to be echoed. */
  | { readonly type: 'typed'; readonly text: string }
  | { readonly type: 'interrupt' };

const PASTE_BEGINS = Buffer.from('\u001b[200~');
const PASTE_ENDS = Buffer.from('\u001b[201~');
const CR = 0x0d;
const LF = 0x0a;
const CTRL_C = 0x03;
const ESCAPE = 0x1b;
const BACKSPACE = new Set([0x08, 0x7f]);
/** A person at the keyboard or a runner: neither sends a prompt of this size. */
const MAX_PROMPT_BYTES = 1024 * 1024;

/**
 * Makes prompts of the bytes that a terminal in raw mode delivers, cut anywhere: bracketed pastes are taken as they are,
 * Enter ends the prompt, Ctrl-C interrupts, other escape sequences are left out.
 */
export class TerminalInput {
  #pasting = false;
  #pasted = false;
  #held: Buffer = Buffer.alloc(0);
  #prompt: Buffer[] = [];
  #promptBytes = 0;

  push(data: Buffer): InputEvent[] {
    let rest = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    this.#held = Buffer.alloc(0);
    const events: InputEvent[] = [];
    while (rest.length > 0) {
      const used = this.#pasting ? this.#takePaste(rest) : this.#takeKey(rest, events);
      if (used === 0) {
        this.#held = rest;
        break;
      }
      rest = rest.subarray(used);
    }
    return events;
  }

  /** Everything up to the end of the paste, but not what could be the first bytes of that end. */
  #takePaste(data: Buffer): number {
    const end = data.indexOf(PASTE_ENDS);
    if (end >= 0) {
      this.#add(data.subarray(0, end));
      this.#pasting = false;
      return end + PASTE_ENDS.length;
    }
    const last = data.lastIndexOf(ESCAPE);
    const open = last >= 0 && data.length - last < PASTE_ENDS.length && startsLike(data.subarray(last), PASTE_ENDS);
    const safe = open ? last : data.length;
    this.#add(data.subarray(0, safe));
    return safe;
  }

  #takeKey(data: Buffer, events: InputEvent[]): number {
    const key = data[0] as number;
    if (key === ESCAPE) return this.#takeEscape(data);
    if (key === CTRL_C) events.push({ type: 'interrupt' });
    else if (key === CR || key === LF) events.push(this.#finish());
    else if (BACKSPACE.has(key)) this.#erase(events);
    else {
      const end = data.findIndex((byte) => byte < 0x20 || byte === 0x7f);
      const text = data.subarray(0, end < 0 ? data.length : Math.max(end, 1));
      this.#add(text);
      events.push({ type: 'typed', text: text.toString('utf8') });
      return text.length;
    }
    return 1;
  }

  #takeEscape(data: Buffer): number {
    if (data.length >= PASTE_BEGINS.length && data.subarray(0, PASTE_BEGINS.length).equals(PASTE_BEGINS)) {
      this.#pasting = true;
      this.#pasted = true;
      return PASTE_BEGINS.length;
    }
    if (startsLike(data, PASTE_BEGINS)) return 0;
    // eslint-disable-next-line no-control-regex -- control sequences are what this is about
    const sequence = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|O.|.)?/.exec(
      data.toString('latin1'),
    );
    return sequence?.[0].length ?? 1;
  }

  #add(bytes: Buffer): void {
    if (this.#promptBytes + bytes.length > MAX_PROMPT_BYTES) return;
    this.#prompt.push(Buffer.from(bytes));
    this.#promptBytes += bytes.length;
  }

  #erase(events: InputEvent[]): void {
    const text = Buffer.concat(this.#prompt).toString('utf8');
    if (text === '') return;
    const shorter = Buffer.from([...text].slice(0, -1).join(''));
    this.#prompt = [shorter];
    this.#promptBytes = shorter.length;
    events.push({ type: 'typed', text: '\b \b' });
  }

  #finish(): InputEvent {
    const event: InputEvent = { type: 'prompt', bytes: Buffer.concat(this.#prompt), pasted: this.#pasted };
    this.#prompt = [];
    this.#promptBytes = 0;
    this.#pasted = false;
    return event;
  }

  /** Puts a finished prompt back into the line, as if its Enter had not been pressed. */
  restore(event: Extract<InputEvent, { type: 'prompt' }>): void {
    this.#prompt = [event.bytes, ...this.#prompt];
    this.#promptBytes += event.bytes.length;
    this.#pasted = event.pasted;
  }
}

const startsLike = (data: Buffer, sequence: Buffer): boolean =>
  data.length < sequence.length && sequence.subarray(0, data.length).equals(data);
