import type { UpdateDefinition } from '@temporalio/common';
import { condition, setHandler } from '@temporalio/workflow';
import { refusal } from './refusal.ts';

interface Answer {
  readonly send: boolean;
}

/** A yes or no that a person gives once, while the story waits for it. */
export class Consent {
  #awaited = false;
  #answer: Answer | null = null;

  constructor(update: UpdateDefinition<Answer, [Answer]>) {
    setHandler(
      update,
      (answer) => {
        this.#answer = answer;
        return answer;
      },
      {
        validator: (_answer) => {
          this.#check();
        },
      },
    );
  }

  /** Opens the question and waits for the answer, for as long as it takes. */
  async answer(): Promise<boolean> {
    this.#awaited = true;
    await condition(() => this.#answer !== null);
    return this.#answer?.send ?? false;
  }

  #check(): void {
    if (this.#answer) {
      throw refusal('E_CONSENT_NOT_AWAITED', 'The question was answered before.', {
        why: `The answer was to ${this.#answer.send ? 'send' : 'keep'} the results.`,
      });
    }
    if (!this.#awaited) {
      throw refusal('E_CONSENT_NOT_AWAITED', 'There is nothing to consent to yet.', {
        why: 'The results are not there yet.',
        next: 'Answer when the results are shown.',
      });
    }
  }
}
