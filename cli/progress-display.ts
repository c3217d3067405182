/** Shows work as it goes on: drawn again in place on a terminal, a line now and then elsewhere. */
import { formatBytes } from '../domain/format-bytes.ts';
import type { Progress } from '../domain/progress.ts';
import type { Terminal } from './terminal.ts';
import { TransferRate } from './transfer-rate.ts';

export interface ProgressLine {
  /** Tells the lines apart from one drawing to the next. */
  readonly key: string;
  readonly text: string;
  readonly state: 'running' | 'waiting' | 'done' | 'failed';
  readonly progress: Progress | null;
}

const MARKS = { running: '>', waiting: '…', done: '✔', failed: '✘' } as const;
const BAR_WIDTH = 20;
const QUIET_SECONDS = 10;
const CLEAR_BELOW = '\u001b[0J';

export class ProgressDisplay {
  readonly #stream: NodeJS.WriteStream | null;
  readonly #terminal: Terminal;
  readonly #rates = new Map<string, TransferRate>();
  readonly #written = new Map<string, { readonly state: string; readonly at: number }>();
  #drawn = 0;

  /** Without a stream nothing is shown. */
  constructor(stream: NodeJS.WriteStream | null, terminal: Terminal) {
    this.#stream = stream;
    this.#terminal = terminal;
  }

  show(lines: readonly ProgressLine[]): void {
    if (!this.#stream) return;
    if (this.#terminal.animated) this.#redraw(this.#stream, lines);
    else this.#append(this.#stream, lines);
  }

  /** One piece of work of its own, without a story around it. */
  report(progress: Progress): void {
    this.show([{ key: progress.phase, text: progress.phase, state: 'running', progress }]);
  }

  /** Leaves what is drawn where it is; the next drawing begins below. */
  end(): void {
    this.#drawn = 0;
  }

  /** Takes what is drawn away, for instance before an error is shown in its place. */
  erase(): void {
    if (this.#stream && this.#drawn > 0) this.#stream.write(`\u001b[${this.#drawn}A\r${CLEAR_BELOW}`);
    this.#drawn = 0;
  }

  #redraw(stream: NodeJS.WriteStream, lines: readonly ProgressLine[]): void {
    const texts = lines.map((line) => this.#paint(line, this.#format(line).slice(0, this.#terminal.columns - 1)));
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\r` : '';
    stream.write(`${up}${CLEAR_BELOW}${texts.map((text) => `${text}\n`).join('')}`);
    this.#drawn = texts.length;
  }

  #append(stream: NodeJS.WriteStream, lines: readonly ProgressLine[]): void {
    const now = Date.now();
    for (const line of lines) {
      const before = this.#written.get(line.key);
      const state = `${line.state} ${line.progress?.phase ?? ''}`;
      const text = this.#format(line);
      const settled = line.state === 'done' || line.state === 'failed';
      const due = before?.state !== state || (!settled && now - before.at >= QUIET_SECONDS * 1000);
      if (!due) continue;
      this.#written.set(line.key, { state, at: now });
      stream.write(`${text}\n`);
    }
  }

  #format(line: ProgressLine): string {
    const head = `${MARKS[line.state]} ${line.text}`;
    if (!line.progress || line.state !== 'running') return head;
    const named = line.text === line.progress.phase ? head : `${head}: ${line.progress.phase}`;
    return `${named}  ${this.#describe(line.key, line.progress)}`;
  }

  #describe(key: string, progress: Progress): string {
    const { phase, bytesDone, bytesTotal } = progress;
    const rate = this.#rateOf(`${key} ${phase}`, bytesDone);
    const speed = rate === null ? [] : [`${formatBytes(rate)}/s`];
    if (bytesTotal === null) return [formatBytes(bytesDone), ...speed].join('  ');
    const share = bytesTotal === 0 ? 1 : Math.min(1, bytesDone / bytesTotal);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
    const left = share === 1 ? ['finishing'] : rate ? [`${timeText((bytesTotal - bytesDone) / rate)} left`] : [];
    return [bar, `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`, ...speed, ...left].join('  ');
  }

  #rateOf(key: string, bytesDone: number): number | null {
    const rate = this.#rates.get(key) ?? new TransferRate();
    this.#rates.set(key, rate);
    return rate.update(bytesDone, Date.now());
  }

  #paint(line: ProgressLine, text: string): string {
    if (line.state === 'done') return this.#terminal.good(text);
    if (line.state === 'failed') return this.#terminal.bad(text);
    return line.state === 'waiting' ? this.#terminal.strong(text) : text;
  }
}

function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
