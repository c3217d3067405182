/** Which container asks for which benchmark, and the folder of the work on that. */
import type { BenchmarkName, ContainerName, Handle } from '../domain/ids.ts';

export interface AssociationSubject {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
}

export const associationWorkId = ({ account, name, benchmark }: AssociationSubject): string =>
  `association/${account}/${name}/${benchmark}`;
