import { condition } from '@temporalio/workflow';

/**
 * Lets one change of access happen at a time, in the order in which they were asked for: a revocation and a round of
 * auto-grant never interleave, so the history of an access is a line.
 */
export class OneAtATime {
  #next = 0;
  #served = 0;

  async run<T>(change: () => Promise<T>): Promise<T> {
    const ticket = this.#next++;
    await condition(() => this.#served === ticket);
    try {
      return await change();
    } finally {
      this.#served += 1;
    }
  }

  get idle(): boolean {
    return this.#served === this.#next;
  }
}
