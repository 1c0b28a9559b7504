/**
 * Operations at the server, one after another: each brings it nearer to what was ordered, and the last ones only look whether
 * it stays there. Nothing is asked of a server in another incarnation than the one that was meant: it may have forgotten what
 * it was chosen for.
 */

import * as v from 'valibot';
import { type Performed, type Ruling, send } from '../../../actor.ts';
import { type ServerStatus, serverStatus } from '../../servers.ts';
import type { StandbyContext, StandbyEffect } from '../context.ts';
import type { Done, Order, StandbyOperation } from '../messages.ts';

type Context = StandbyContext;
type Answer = Ruling<Context, StandbyEffect>;

/** Asks the server; the claim under way names what is asked under it. */
export const perform = (context: Context, operation: StandbyOperation): StandbyEffect => {
  const { resource, settings, claim } = context;
  const isOfProcess = operation.type === 'start' || operation.type === 'stop';
  const deadlineMs = isOfProcess ? settings.startDeadlineMs : settings.operationDeadlineMs;
  return { type: 'perform', id: `${operation.type}/${claim}`, resource, operation, deadlineMs };
};

/** What it means that an order is carried out; null of one that asks for nothing but looks. */
function doneOf(order: Order): Done | null {
  switch (order.type) {
    case 'rest':
    case 'watch':
      return null;
    case 'follow':
    case 'fence':
      return { type: order.type, epoch: order.epoch, version: 0 };
    case 'promote':
    case 'reign':
      return { type: order.type, epoch: order.epoch, version: order.version };
  }
}

/** A promotion has told the primary of its in-sync set as well. */
function isCarriedOut(order: Order, done: Done | null): boolean {
  const wanted = doneOf(order);
  if (wanted === null) return true;
  if (done === null || done.epoch !== wanted.epoch || done.version !== wanted.version) return false;
  return done.type === wanted.type || (wanted.type === 'reign' && done.type === 'promote');
}

/** What is asked next of a server that stands so. One that takes writes, or the data of another one, is fenced first. */
function nextOperation({ order, done, status, term }: Context): StandbyOperation {
  const look: StandbyOperation = { type: 'look' };
  switch (order.type) {
    case 'rest':
    case 'watch':
      return look;
    case 'fence':
      return isCarriedOut(order, done) ? look : { type: 'fence', term, epoch: order.epoch };
    case 'follow': {
      const { epoch, primary } = order;
      const isFollowing = isCarriedOut(order, done) && status?.role === 'standby' && status.follows === primary;
      if (isFollowing) return look;
      return status?.role === 'primary' ? { type: 'fence', term, epoch } : { type: 'follow', term, epoch, primary };
    }
    case 'promote':
    case 'reign': {
      const { type, incarnation, ...reign } = order;
      if (isCarriedOut(order, done) || status?.incarnation !== incarnation) return look;
      if (type === 'promote') {
        const isReady = status.role === 'fenced' || (status.role === 'primary' && status.mark?.epoch === reign.epoch);
        return isReady ? { type: 'promote', term, ...reign } : { type: 'fence', term, epoch: reign.epoch };
      }
      return status.role === 'primary' ? { type: 'confirmWith', term, ...reign } : look;
    }
  }
}

/** The order that an operation carries out. */
const orderOf = (operation: string, order: Order): Done | null => {
  const done = doneOf(order);
  const isOf = operation === order.type || (operation === 'confirmWith' && order.type === 'reign');
  return isOf ? done : null;
};

function statusIn({ result }: Performed): ServerStatus | undefined {
  const parsed = result.type === 'done' ? v.safeParse(serverStatus, result.value) : undefined;
  return parsed?.success === true ? parsed.output : undefined;
}

const isAnswer = ({ claim }: Context, { id }: Performed): boolean => id.endsWith(`/${claim}`);

export const operatingRules = {
  operate: (context: Context): Answer => {
    const operation = nextOperation(context);
    return {
      context: { doing: orderOf(operation.type, context.order) },
      effects: [perform(context, operation)],
    };
  },
  startServer: (context: Context): Answer => ({ effects: [perform(context, { type: 'start' })] }),
  stopServer: (context: Context): Answer => ({
    context: { stops: context.stops + 1 },
    effects: [perform(context, { type: 'stop' })],
  }),
  /** It does not run; what it says when it does again is another life's. */
  noteStopped: ({ settings }: Context): Answer => ({ context: { stops: settings.failAfter } }),

  /** Where the server stands; the manager is told. */
  note(context: Context, performed: Performed): Answer {
    const status = statusIn(performed);
    if (status === undefined) return {};
    const { manager, server, term } = context;
    const done = context.doing ?? context.done;
    return {
      context: { status, done, doing: null, misses: 0, stops: 0 },
      effects: [send(manager, { type: 'stands', server, term, status, done })],
    };
  },
  noteMiss(context: Context, { result }: Performed): Answer {
    const { manager, server, term } = context;
    const misses = Math.min(context.settings.failAfter, context.misses + 1);
    const why = result.type === 'done' ? 'it answered something else than where it stands' : result.error;
    return {
      context: { misses, status: null, done: null, doing: null },
      effects: [send(manager, { type: 'fails', server, term, times: misses, why: why.slice(0, maxWhyLength) })],
    };
  },

  isDone: (context: Context, performed: Performed): boolean =>
    isAnswer(context, performed) && statusIn(performed) !== undefined,
  isMissed: (context: Context, performed: Performed): boolean =>
    isAnswer(context, performed) && statusIn(performed) === undefined,
  isAnswered: isAnswer,
  /** An order that was carried out and did not last is not repeated before the next look. */
  hasMoreToDo: (context: Context): boolean =>
    !isCarriedOut(context.order, context.done) && nextOperation(context).type !== 'look',
  mayStart: ({ canStart }: Context): boolean => canStart,
};

/** What a report carries of an error's message, in characters. */
const maxWhyLength = 300;
