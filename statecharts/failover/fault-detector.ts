/**
 * The fault detector: watches one node, and has an opinion of it. It pings the node without end; silence beyond what its
 * estimator allows is first probed through other detectors (SWIM, Das, Gupta & Motivala 2002, §3.1), then a suspicion,
 * which others may share (Lifeguard, Dadgar, Phillips & Currey 2018), and which is confirmed only by a quorum of the
 * detectors of the node. A node that was confirmed dead and answers again has recovered; it is trusted again once it has
 * answered several times.
 *
 * Deviations: what travels are pings and answers, and not heartbeats, so that each sample is measured by one clock;
 * suspicions are asked for and answered among the detectors of a node, and not gossiped, so that what a quorum says is
 * what its members thought after they were asked. Local health lengthens indirect probes alone.
 */

import { given } from '../actor/given.ts';
import { type Birth, defineActor, message, partsOf } from '../actor.ts';
import { faultDetectorName } from './addresses.ts';
import { answering } from './detector/answering.ts';
import { type FaultDetectorBegin, faultDetectorContext } from './detector/context.ts';
import { faultDetectorMessages, faultDetectorSenders, opinions } from './detector/messages.ts';
import { type FaultDetectorRules, faultDetectorRules } from './detector/rules.ts';
import { suspected } from './detector/suspected.ts';
import { bind, detecting, faultDetectorDelays } from './detector/vocabulary.ts';
import { livesRecords } from './heartbeat.ts';

/** The fault detector's chart. */
export const faultDetectorChart = detecting.createMachine({
  id: 'fault-detector',
  context: given,
  type: 'parallel',
  entry: 'beginWatch',
  on: { ack: {}, down: {}, 'ping-req': {}, relayed: {}, 'indirect-ack': {}, suspicion: {}, opinion: {}, stalled: {} },
  states: {
    pinging: {
      initial: 'first',
      on: {
        'ping-req': { actions: { type: 'relay', params: message }, meta: { rule: 'SWIM §3.1: ping for another' } },
        ack: {
          guard: { type: 'isForAnother', params: message },
          actions: { type: 'handOn', params: message },
          meta: { rule: 'SWIM §3.1: ack for another' },
        },
      },
      states: {
        first: { after: { nextPing: { target: 'pausing', actions: { type: 'firstPing', params: message } } } },
        pausing: {
          after: {
            nextPing: [
              {
                guard: { type: 'isPingLate', params: message },
                target: 'pausing',
                reenter: true,
                actions: [
                  { type: 'noticeStall', params: message },
                  { type: 'ping', params: message },
                ],
                meta: { rule: 'a stall is no silence' },
              },
              {
                target: 'pausing',
                reenter: true,
                actions: { type: 'ping', params: message },
                meta: { rule: 'SWIM §3.1: ping' },
              },
            ],
          },
        },
      },
    },

    judging: {
      initial: 'trusted',
      states: {
        trusted: {
          tags: 'trusted',
          ...answering,
          on: {
            ...answering.on,
            ack: [
              {
                guard: { type: 'isRestart', params: message },
                target: '.fresh',
                actions: [
                  { type: 'trust', params: message },
                  { type: 'hear', params: message },
                ],
              },
              {
                guard: { type: 'isNews', params: message },
                target: '.fresh',
                actions: { type: 'hear', params: message },
                meta: { rule: 'Chen et al. §3: fresh again' },
              },
            ],
          },
        },

        suspected,

        confirmed: {
          id: 'confirmed',
          tags: 'confirmed',
          on: {
            suspicion: { actions: { type: 'agree', params: message } },
            ack: {
              guard: { type: 'isRecovery', params: message },
              target: 'recovered',
              actions: [
                { type: 'recover', params: message },
                { type: 'hear', params: message },
              ],
              meta: { rule: 'only what answers a later ping has recovered' },
            },
          },
        },

        recovered: {
          tags: 'recovered',
          ...answering,
          on: {
            ...answering.on,
            ack: {
              guard: { type: 'isNews', params: message },
              target: '.fresh',
              actions: { type: 'hear', params: message },
              meta: { rule: 'Chen et al. §3: fresh again' },
            },
          },
          always: { guard: 'hasSettled', target: 'trusted', actions: { type: 'settle', params: message } },
        },
      },
    },
  },
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineFaultDetector = (rules: FaultDetectorRules = faultDetectorRules) =>
  defineActor({
    name: faultDetectorName,
    chart: faultDetectorChart.provide(bind(rules)),
    roles: opinions,
    messages: faultDetectorMessages,
    senders: faultDetectorSenders,
    own: ['stalled'],
    records: livesRecords,
    readsTime: true,
    input: ({ lives }: { readonly lives: number }, { self, input }: Birth<FaultDetectorBegin>) =>
      faultDetectorContext(self, partsOf(self).key, input, lives + 1),
    delays: faultDetectorDelays,
    view: ({ context }) => context,
  });

/** The fault detector; the key of its address is the node that it watches. */
export const faultDetector = defineFaultDetector();
