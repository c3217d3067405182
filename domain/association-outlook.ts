/** What happens next to a request, for whoever looks at it. */
import type { AssociationKind, AssociationState } from './association.ts';
import type { BenchmarkName } from './ids.ts';

interface Outlook {
  readonly kind: AssociationKind;
  readonly name: string;
  readonly benchmark: BenchmarkName;
  readonly state: AssociationState;
  readonly approvals: number;
  readonly quorum: number;
  /** ISO 8601. */
  readonly deadline: string;
}

/** One sentence; who must act is said elsewhere. */
export function whatHappensNext({ kind, name, benchmark, state, approvals, quorum, deadline }: Outlook): string {
  const again = `strongroom ${kind} associate ${name} --benchmark ${benchmark}`;
  switch (state) {
    case 'requested':
      return `${quorum - approvals} more to approve and it is approved; without a decision it expires at ${deadline}.`;
    case 'changes-requested':
      return `Its owner submits it again (${again}); otherwise it expires at ${deadline}.`;
    case 'approved':
      return kind === 'container'
        ? 'Its owner grants access, until all keys are deleted.'
        : 'Owners of approved containers grant access to the owner of the dataset.';
    case 'rejected':
    case 'expired':
    case 'closed':
      return `Nothing, unless its owner asks again: ${again}.`;
  }
}
