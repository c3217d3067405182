/** The options by which lists of what happened are narrowed to a time. */
import { option } from './command.ts';
import { parsePast } from './values.ts';

export const periodOptions = {
  from: option('WHEN', 'Only what happened then or later: a date, or 7d for seven days ago', parsePast),
  until: option('WHEN', 'Only what happened before then', parsePast),
};
