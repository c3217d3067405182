/** Housekeeping: what the platform puts right at regular times, whatever happened in between. */
export const HOUSEKEEPING = 'housekeeping';
export const HOUSEKEEPING_SCHEDULE = 'housekeeping';
export const HOUSEKEEPING_MINUTES = 5;

export interface HousekeepingResult {
  /** Requests whose review had not been started, for instance because Temporal was away just then. */
  readonly reviewsStarted: number;
  readonly grantsExpired: number;
  readonly uploadsRemoved: number;
  /** Archives that a rotation replaced, and files that nothing was ever made to rest on. */
  readonly blobsRemoved: number;
}
