/** Which passwords are refused beyond their length: those that are guessed first (NIST SP 800-63B, section 3.1.1.2). */
import { COMMON_WORDS } from './common-passwords.ts';
import { StrongroomError } from './errors.ts';

export const PASSWORD_LENGTH = { minimum: 12, maximum: 128 } as const;

/** Fewer different characters than this are a pattern, whatever their order. */
const DIFFERENT_CHARACTERS = 5;
/** Digits and signs around common words that make no difference to who guesses; a longer rest does. */
const DECORATION = 8;
const RUNS = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
];
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

export interface PasswordOwner {
  readonly email: string;
  readonly handle: string;
}

/** Fails with `E_WEAK_PASSWORD`, and never repeats the password. */
export function checkPassword(password: string, owner: PasswordOwner): void {
  const text = password.normalize('NFKC').toLowerCase();
  const [mailbox = ''] = owner.email.toLowerCase().split('@');
  const own = [owner.email.toLowerCase(), mailbox, owner.handle].find(
    (name) => name.length >= 4 && text.includes(name),
  );
  if (own !== undefined) throw weak('It holds your address or your handle.');
  if (new Set(text).size < DIFFERENT_CHARACTERS || isRepetition(text)) throw weak('It repeats a few characters.');
  if (isRun(text)) throw weak('It follows the keyboard, the alphabet or the digits.');
  if (isMadeOfCommonWords(text)) throw weak('It is among the passwords that are guessed first.');
}

/** `abcabcabcabc`, `hunter2hunter2`. */
const isRepetition = (text: string): boolean => /^(.{1,16}?)\1+$/.test(text);

/** Most steps from one character to the next are a step along one of the runs, in either direction. */
function isRun(text: string): boolean {
  const steps = Array.from(text)
    .slice(1)
    .filter((next, index) => {
      const pair = (text[index] ?? '') + next;
      return RUNS.some((run) => run.includes(pair) || run.includes((pair[1] ?? '') + (pair[0] ?? '')));
    });
  return steps.length >= (text.length - 1) * 0.7;
}

/** Common words and little else, also with digits in the place of letters: `P@ssw0rd2026!`, `iloveyou-welcome1`. */
function isMadeOfCommonWords(text: string): boolean {
  const letters = (form: string) =>
    Array.from(form)
      .map((letter) => LOOK_ALIKES[letter] ?? letter)
      .join('');
  const inside = text.replace(/^[^a-z]+|[^a-z]+$/g, '');
  return [text, letters(text), letters(inside)].some((form) => {
    const rest = COMMON_WORDS.reduce((left, word) => left.replaceAll(word, ''), form);
    return rest.length < form.length && rest.replace(/[^a-z]/g, '').length <= 2 && rest.length <= DECORATION;
  });
}

const weak = (why: string) =>
  new StrongroomError('E_WEAK_PASSWORD', 'This password would be guessed.', {
    why,
    next: 'Choose another one, for instance four words that have nothing to do with each other.',
  });
