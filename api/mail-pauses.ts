/** Nobody's mailbox is to be filled by others: a kind of mail goes to an address once in a while. Each process counts for itself. */

/** Addresses that are remembered; the one that got a mail longest ago is forgotten first. */
const REMEMBERED = 50_000;

/** Answers whether a mail to this address may go out now, and then none for `pauseMs`. */
export function openMailPauses(pauseMs: number): (address: string) => boolean {
  const sent = new Map<string, number>();
  return (address) => {
    const now = Date.now();
    const last = sent.get(address);
    if (last !== undefined && now - last < pauseMs) return false;
    sent.delete(address);
    sent.set(address, now);
    const [oldest] = sent.keys();
    if (sent.size > REMEMBERED && oldest !== undefined) sent.delete(oldest);
    return true;
  };
}
