import { describe, expect, test } from '@jest/globals';
import {
  approvesByItself,
  comparableAddress,
  toApprovalPolicy,
  type ApprovalPolicy,
  type Requester,
} from '../../domain/approval-policy.ts';
import { parseEmailAddress, parseHandle } from '../../domain/ids.ts';

const carol = parseHandle('carol');
const alice: Requester = {
  handle: parseHandle('alice'),
  email: parseEmailAddress('alice@example.org'),
  emailVerified: true,
};
const policy = (changes: Partial<ApprovalPolicy>): ApprovalPolicy => ({
  approves: 'always',
  addresses: [],
  setBy: carol,
  setAt: '2026-11-26T12:00:00.000Z',
  ...changes,
});
const listing = (...addresses: string[]) => policy(toApprovalPolicy({ approves: 'listed', addresses }));

describe('a policy of a benchmark', () => {
  test('approves always, never, or what comes from a listed address, in capitals or not', () => {
    expect(approvesByItself(policy({}), alice, [carol])).toBe(true);
    expect(approvesByItself(policy({ approves: 'never' }), alice, [carol])).toBe(false);
    expect(approvesByItself(listing(' ALICE@Example.ORG'), alice, [carol])).toBe(true);
    expect(approvesByItself(listing('alice@example.com', 'malice@example.org'), alice, [carol])).toBe(false);
  });

  test('approves nothing of a member, of whoever set it, or of an address that was not verified', () => {
    expect(approvesByItself(policy({}), alice, [carol, alice.handle])).toBe(false);
    expect(approvesByItself(policy({ setBy: alice.handle }), alice, [])).toBe(false);
    expect(approvesByItself(policy({}), { ...alice, emailVerified: false }, [carol])).toBe(false);
  });

  test('takes a letter with an accent for the same however it is composed, and no letter for another one', () => {
    const zoe = { ...alice, email: parseEmailAddress('zoe\u0308@example.org') };
    expect(approvesByItself(listing('ZO\u00CB@example.org'), zoe, [])).toBe(true);
    expect(approvesByItself(listing('zoe@example.org'), zoe, [])).toBe(false);
    // The Kelvin sign, the dotted capital I and the Greek question mark turn into k, i and ; where one is careless.
    for (const disguised of ['\u212Aate@example.org', '\u0130da@example.org', 'a\u037Eb@example.org']) {
      expect(comparableAddress(disguised)).toBeNull();
      expect(() => listing(disguised)).toThrow('is not an e-mail address');
    }
    // A letter of another width or alphabet is another letter.
    expect(approvesByItself(listing('\uFF41lice@example.org', '\u0430lice@example.org'), alice, [])).toBe(false);
  });

  test('has a list exactly where it goes by one, each address in it once', () => {
    expect(() => toApprovalPolicy({ approves: 'listed' })).toThrow('The list of addresses is empty.');
    expect(() => toApprovalPolicy({ approves: 'always', addresses: ['a@example.org'] })).toThrow('takes no list');
    expect(listing('b@example.org', 'A@example.org', 'a@EXAMPLE.org').addresses).toEqual([
      'a@example.org',
      'b@example.org',
    ]);
  });
});
