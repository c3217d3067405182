/** Nobody's mailbox is to be filled by others: a kind of mail goes to an address once in a while. Each process counts for itself. */
import { REMEMBERED } from './rate-limits.ts';

/** Answers whether a mail to this address may go out now, and then none for `pauseMs`. */
export function openMailPauses(pauseMs: number): (address: string) => boolean {
  const sent = new Map<string, number>();
  return (address) => {
    const now = Date.now();
    const last = sent.get(address);
    if (last !== undefined && now - last < pauseMs) return false;
    // The one that got a mail longest ago is forgotten first.
    sent.delete(address);
    sent.set(address, now);
    const [oldest] = sent.keys();
    if (sent.size > REMEMBERED && oldest !== undefined) sent.delete(oldest);
    return true;
  };
}
