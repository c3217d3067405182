/** The suites that take longest are begun first: one that is begun last would be waited for alone. */
import Sequencer from '@jest/test-sequencer';

const LONGEST = [
  'interrupted-work',
  'readme',
  'jobs',
  'main-job',
  'told-it-failed',
  'full-temporal',
  'stack',
  'backup',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
    const bySize = super.sort(tests);
    const [first, others] = [bySize.filter((test) => place(test) >= 0), bySize.filter((test) => place(test) < 0)];
    return [...first.sort((one, other) => place(one) - place(other)), ...others];
  }
}
