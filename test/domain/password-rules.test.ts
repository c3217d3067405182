import { describe, expect, test } from '@jest/globals';
import { checkPassword } from '../../domain/password-rules.ts';

const OWNER = { email: 'alice.miller@example.org', handle: 'alice' };

describe('a password', () => {
  test.each([
    ['a common one', 'passwordpassword'],
    ['a common one with a year and a sign', 'Password2026!'],
    ['a common one with look-alikes', 'P@ssw0rd1234'],
    ['common words one after another', 'iloveyou-Welcome1'],
    ['letters along the keyboard', 'qwertyuiopas'],
    ['the digits', '123456789012'],
    ['the alphabet backwards', 'zyxwvutsrqponm'],
    ['one letter', 'aaaaaaaaaaaaa'],
    ['three letters', 'abcabcabcabcabc'],
    ['a word twice', 'hunter2xyhunter2xy'],
    ['the address', 'xx alice.miller@example.org'],
    ['the mailbox', 'my-Alice.Miller-77'],
    ['the handle', 'secretofALICE#99'],
    ['full-width letters of a common one', 'ｐａｓｓｗｏｒｄ２０２６'],
  ])('that is %s is refused, and not repeated', (_what, password) => {
    let refusal: unknown = null;
    try {
      checkPassword(password, OWNER);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'E_WEAK_PASSWORD' });
    expect(JSON.stringify(refusal)).not.toContain(password);
  });

  test.each([
    'correct horse battery staple',
    'a password for the demo only',
    'a-password-to-recognise-42',
    'another horse, another battery',
    'tSNu8zqQw4LnRv',
    'Füße im Schnee um vier',
    '漢字とかなで書いた長い合い言葉です',
    'green tractors sing on Tuesdays',
  ])('of words or letters without a pattern is taken: %s', (password) => {
    expect(() => checkPassword(password, OWNER)).not.toThrow();
  });
});
