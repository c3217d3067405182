/** Tells the story step by step, and at its end in a table. */
import type { StackAddresses } from '../../stack/stack.ts';

interface Step {
  readonly title: string;
  readonly seconds: number;
  readonly workflowId: string | null;
}

export class Narrator {
  readonly #steps: Step[] = [];

  /** Runs one step of the story under its title; `workflowId` is where the Temporal Web UI shows it. */
  async step<T>(title: string, workflowId: string | null, tell: () => Promise<T>): Promise<T> {
    console.log(`\n${this.#steps.length + 1}. ${title}`);
    const begun = performance.now();
    const result = await tell();
    this.#steps.push({ title, workflowId, seconds: (performance.now() - begun) / 1000 });
    return result;
  }

  closingTable(addresses: StackAddresses): void {
    const width = Math.max(...this.#steps.map((step) => step.title.length));
    console.log('\nWhat happened');
    for (const { title, seconds, workflowId } of this.#steps) {
      const link = workflowId === null ? '' : `  ${workflowId}${this.#link(addresses, workflowId)}`;
      console.log(`  ${title.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s${link}`);
    }
    const total = this.#steps.reduce((sum, step) => sum + step.seconds, 0);
    console.log(`  ${'Altogether'.padEnd(width)}  ${total.toFixed(1).padStart(5)} s`);
  }

  #link({ temporalUi, temporalNamespace }: StackAddresses, workflowId: string): string {
    if (temporalUi === null) return '';
    return `\n    ${temporalUi}/namespaces/${temporalNamespace}/workflows/${encodeURIComponent(workflowId)}`;
  }
}
