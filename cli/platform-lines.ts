/** How the running platform reads. */
import type { PlatformState } from './platform-state.ts';
import { facts, moment } from './table.ts';

export const platformLines = ({ pid, startedAt, addresses }: PlatformState): string[] => [
  ...facts([
    ['API', addresses.api],
    ['API reference', addresses.apiReference],
    ['Operations', addresses.operations],
    ['Temporal', addresses.temporal],
    ['Temporal Web UI', addresses.temporalUi],
    ['Process', `${pid}, since ${moment(startedAt) ?? ''}`],
  ]),
];
