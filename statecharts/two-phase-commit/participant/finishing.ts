/** The decision is known, and the resource is asked until it has carried it out. */

import { message } from '../../actor.ts';
import { askingResource, participating, to } from './vocabulary.ts';

const committing = participating.createStateConfig({
  id: 'committing',
  ...askingResource('commit', 'commit', [
    { guard: { type: 'isDone', params: to('commit') }, target: '#finished', actions: 'finishCommitted' },
    { guard: { type: 'isRefused', params: to('commit') }, target: '#finished', actions: 'finishAborted' },
  ]),
});

const rollingBack = participating.createStateConfig({
  id: 'rollingBack',
  ...askingResource('rollback', 'rollback', [
    { guard: { type: 'isDone', params: to('rollback') }, target: '#finished', actions: 'finishAborted' },
    { guard: { type: 'isRefused', params: to('rollback') }, target: '#finished', actions: 'finishAgainstAbort' },
  ]),
});

export const finishing = participating.createStateConfig({
  tags: 'finishing',
  on: {
    decision: { actions: { type: 'learn', params: message } },
    inquiry: { actions: { type: 'answerPeer', params: message } },
    prepare: {},
    'commit-one-phase': {},
    settle: {},
  },
  initial: 'committing',
  states: { committing, rollingBack },
});
