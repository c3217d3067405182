/** What a long activity reports in its heartbeats, and what progress bars are drawn from. */
export interface Progress {
  /** The work in one word, for instance `encrypt`. */
  readonly phase: string;
  readonly bytesDone: number;
  /** `null` where the total cannot be known beforehand. */
  readonly bytesTotal: number | null;
}

export type OnProgress = (progress: Progress) => void;
