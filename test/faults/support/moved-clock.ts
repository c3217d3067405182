/**
 * Loaded into a process of ours by `--import`: its clock is off by as many seconds as the file that FAULTS_CLOCKS names
 * says for its program, and is moved again whenever the file says something else. The program itself knows nothing of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const file = process.env.FAULTS_CLOCKS;
const program = path.join(path.basename(path.dirname(process.argv[1] ?? '')), path.basename(process.argv[1] ?? ''));
const LOOK_EVERY_MS = 100;

if (file !== undefined) {
  const Real = Date;
  let offset = 0;
  const look = () => {
    const clocks = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, number>>;
    offset = (clocks[program] ?? 0) * 1000;
  };
  const lookAgain = () => {
    try {
      look();
    } catch {
      // It is just being written, or the test is over.
    }
  };
  look();
  setInterval(lookAgain, LOOK_EVERY_MS).unref();
  globalThis.Date = new Proxy(Real, {
    construct: (target, given: unknown[], self) =>
      Reflect.construct(target, given.length === 0 ? [Real.now() + offset] : given, self) as object,
    get: (target, name, self): unknown =>
      name === 'now' ? () => Real.now() + offset : Reflect.get(target, name, self),
  });
}
