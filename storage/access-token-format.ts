/**
 * Personal access tokens as text: `sr_pat_`, 40 random characters, and a checksum of 6, so that a secret scanner finds
 * them by one pattern and tells a real one from an example without asking anybody.
 */
import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 40;
const CHECKSUM_LENGTH = 6;

export const ACCESS_TOKEN_PREFIX = 'sr_pat_';

/** What secret scanners can look for. */
export const ACCESS_TOKEN_PATTERN = new RegExp(
  `\\b${ACCESS_TOKEN_PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}\\b`,
);

/** A new token with 238 random bits. */
export function makeAccessToken(): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${ACCESS_TOKEN_PREFIX}${random}${checksum(random)}`;
}

/** Whether a text has the form and the checksum of a token. Whether it holds, only the database knows. */
export function isAccessToken(text: string): boolean {
  if (ACCESS_TOKEN_PATTERN.exec(text)?.[0] !== text) return false;
  return text.endsWith(checksum(text.slice(ACCESS_TOKEN_PREFIX.length, -CHECKSUM_LENGTH)));
}

/** CRC-32 in base 62, the highest digit first. */
function checksum(random: string): string {
  let rest = crc32(random);
  let digits = '';
  while (digits.length < CHECKSUM_LENGTH) {
    digits = `${LETTERS[rest % LETTERS.length] ?? ''}${digits}`;
    rest = Math.floor(rest / LETTERS.length);
  }
  return digits;
}
