/** What may happen to the charts of a group that are checked, and how often. */

import { type BoundsOf, count, flag, type GivenBounds } from '../../bounds.ts';
import { failoverBounds } from '../bounds.ts';

const { confirmations, memory, writes, crashes, pauses } = failoverBounds;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const chartsBounds = {
  servers: count({
    about: failoverBounds.servers.about,
    unit: ['server', 'servers'],
    least: 2,
    most: 5,
    default: 2,
  }),
  confirmations,
  memory,
  writes,
  crashes,
  pauses,
  deaths: count({
    about: 'times that a quorum of detectors takes the first primary for dead, whether it is or not',
    unit: ['word of its death', 'words of its death'],
    default: 1,
  }),
  recoveries: count({
    about: 'times that detectors trust it again',
    unit: ['word of its recovery', 'words of its recovery'],
    default: 1,
  }),
  looks: count({ about: 'looks at servers after a while', unit: ['look', 'looks'], default: 1 }),
  retries: count({ about: 'times that something is asked again', unit: ['retry', 'retries'], default: 0 }),
  waits: count({
    about: 'times that a manager waits no longer',
    unit: ['end of patience', 'ends of patience'],
    default: 0,
  }),
  live: flag({
    about: 'check that a primary that is taken for dead has a successor in the end, too',
    default: false,
    otherwise: 'to a successor',
  }),
};

export type ChartsBounds = BoundsOf<typeof chartsBounds>;
export type GivenChartsBounds = GivenBounds<typeof chartsBounds>;
