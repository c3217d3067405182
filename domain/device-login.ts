/** Log-in of a device without a browser (RFC 8628): it shows a code, and a person who is logged in elsewhere approves it. */
import { StrongroomError } from './errors.ts';

/** How long both codes hold. */
export const DEVICE_LOGIN_SECONDS = 600;
/** How long a device waits between two questions at first. */
export const POLL_SECONDS = 5;
/** What is added to it each time that a device asks too soon (RFC 8628, section 3.5). */
export const SLOW_DOWN_SECONDS = 5;

/** No vowels, so that no words come out; RFC 8628, section 6.1. */
export const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
export const USER_CODE_LENGTH = 8;
/** As people type it: in any case, with or without the hyphen. */
export const TYPED_USER_CODE = `^[${USER_CODE_LETTERS}${USER_CODE_LETTERS.toLowerCase()}]{4}-?[${USER_CODE_LETTERS}${USER_CODE_LETTERS.toLowerCase()}]{4}$`;

declare const brand: unique symbol;
/** Eight letters, without a hyphen. */
export type UserCode = string & { readonly [brand]: 'UserCode' };

/** Fails with `E_INVALID_NAME`. */
export function parseUserCode(typed: string): UserCode {
  const text = typed.trim();
  if (new RegExp(TYPED_USER_CODE).test(text)) return text.replace('-', '').toUpperCase() as UserCode;
  throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(typed)} is not a code of a log-in.`, {
    why: 'It takes eight letters, none of them a vowel, for instance WDJB-MJHT.',
  });
}

/** As people read it. */
export const showUserCode = (code: UserCode): string => `${code.slice(0, 4)}-${code.slice(4)}`;
