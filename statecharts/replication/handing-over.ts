/** The part of a leader's chart in which it lets another server lead (Ongaro 2014, §3.10), whatever its protocol. */

import { message } from '../actor/rules.ts';

const rule = 'Raft §3.10';

/** Answers a request that nothing can come of now. */
export const notHandingOver = { actions: { type: 'refuseHandOver', params: message }, meta: { rule } } as const;

/**
 * No proposals are taken until the other server has all of the log, is told to stand, and leads; or time is up.
 *
 * @param tell the action that tells the other server to stand
 */
export const handingOver = <const Tell extends string>(tell: Tell) =>
  ({
    initial: 'none',
    states: {
      none: {
        on: {
          handOver: [
            {
              guard: { type: 'mayHandOver', params: message },
              target: 'underWay',
              actions: { type: 'beginHandOver', params: message },
              meta: { rule },
            },
            notHandingOver,
          ],
        },
      },
      underWay: {
        initial: 'catchingUp',
        on: { propose: { actions: { type: 'refuseHandingOver', params: message }, meta: { rule } } },
        after: { handOverTimeout: { target: 'none', actions: 'giveUpHandOver', meta: { rule } } },
        states: {
          catchingUp: { always: { guard: 'targetHasAll', target: 'told', actions: tell, meta: { rule } } },
          told: {},
        },
      },
    },
  }) as const;
