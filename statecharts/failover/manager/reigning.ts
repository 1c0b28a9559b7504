/**
 * The group has a primary. Its in-sync set and its standbys are kept up in every one of these states alike; they differ in
 * what has happened before, and in whether a failover may begin by itself.
 */

import { message } from '../../actor.ts';
import { adopt, judge, leadsTo, maintain, managing, notNow, ofTerm, see, seeFailing } from './vocabulary.ts';

const upkeep = ['keepUp', 'recruit', 'sound'] as const;
const settles = { rule: 'a failover that begins before the last one has settled is a flap' } as const;

const election = {
  guard: 'mustElect',
  target: '#fencing',
  actions: 'wantElection',
  meta: { rule: 'Paxos 1a: a greater epoch' },
} as const;

export const reigning = managing.createStateConfig({
  id: 'reigning',
  entry: upkeep,
  always: election,
  on: {
    stands: [
      {
        guard: { type: 'isPrimarysLook', params: message },
        actions: [see, 'countLook', ...upkeep],
        meta: { rule: 'KIP-966' },
      },
      { guard: ofTerm, actions: [see, ...upkeep], meta: { rule: 'KIP-966' } },
    ],
    fails: { guard: ofTerm, actions: [seeFailing, ...upkeep] },
    judged: { actions: [judge, ...upkeep] },
    recorded: [
      leadsTo('fencing', '#fencing', 'the operator resumes a failover'),
      { guard: { type: 'isOwnChange', params: message }, actions: [adopt, ...upkeep], meta: { rule: 'KIP-966' } },
    ],
    switchover: [
      {
        guard: { type: 'maySwitchOver', params: message },
        target: '#fencing',
        actions: { type: 'wantSwitchover', params: message },
        meta: { rule: 'VR §4.2: planned' },
      },
      { actions: { type: 'refuseNotReady', params: message } },
    ],
    maintain,
    resume: { actions: { type: 'resume', params: message } },
    allowLoss: notNow,
  },
  initial: 'redirecting',
  states: {
    redirecting: {
      id: 'redirecting',
      tags: 'redirecting',
      on: { recorded: leadsTo('settling', 'settling', 'as many follow as confirm a write') },
    },
    settling: {
      id: 'settling',
      tags: 'settling',
      on: {
        recorded: [
          { ...leadsTo('monitoring', 'monitoring', 'a failover that has settled'), meta: settles },
          { ...leadsTo('manual', 'manual', 'a failover that has settled'), meta: settles },
        ],
      },
    },
    monitoring: {
      id: 'monitoring',
      tags: 'monitoring',
      on: { recorded: leadsTo('manual', 'manual', 'maintenance') },
      always: [
        { guard: 'isPrimarySuspected', target: 'confirming', meta: { rule: 'a quorum of detectors confirms' } },
        {
          guard: 'mayFallBack',
          target: '#fencing',
          actions: 'wantFailback',
          meta: { rule: 'failback after a while of readiness' },
        },
      ],
    },
    confirming: {
      tags: 'confirming',
      on: { recorded: leadsTo('manual', 'manual', 'maintenance') },
      always: { guard: 'isPrimaryTrusted', target: 'monitoring', meta: { rule: 'a quorum of detectors confirms' } },
    },
    manual: {
      id: 'manual',
      tags: 'manual',
      on: { recorded: leadsTo('monitoring', 'monitoring', 'the operator resumes') },
    },
  },
});
