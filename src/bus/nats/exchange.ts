/**
 * Opens channels to other ends, takes in those that others open, and hands what is published to this end to the channel that
 * it belongs to. Nothing is believed without its MAC; what has none, or was said before, is counted and goes nowhere.
 *
 * A dialler opens, the other side accepts with a random number of its own, and keeps little of it: only the first message
 * under the keys of both random numbers shows that the dialler is there now, and makes a channel. An `open` that was recorded
 * and is published again comes to nothing.
 */

import { randomBytes } from 'node:crypto';
import type { QuorateError } from '../../../statecharts/actor.ts';
import { ConnectionError, ForgedMessageError, MalformedFrameError, ReplayedMessageError } from '../errors.ts';
import type { Channel } from '../tcp/connection.ts';
import type { Provenance } from '../tcp/guests/remote.ts';
import { NatsChannel } from './channel.ts';
import { type ChannelKeys, channelKeysOf, isSealed, type OpeningKeys, sealed } from './keys.ts';
import { subjectOf } from './subjects.ts';
import {
  type ChannelKind,
  encodeMessage,
  type KeyKind,
  type NatsMessage,
  nonceBytes,
  overheadBytes,
  parseMessage,
} from './wire.ts';

/** How messages leave. */
export interface Post {
  /** Whether the server is connected; what is published meanwhile would come too late. */
  readonly isUp: boolean;
  /** The largest message that the server takes, in bytes. */
  readonly limitBytes: number;
  /** @param reply where the server says that no end listens at the subject */
  publish(subject: string, bytes: Uint8Array, reply?: string): void;
}

export interface ExchangeOptions {
  readonly cluster: string;
  /** The id of this end. */
  readonly self: string;
  /** As `openingKeyOf` made them. */
  readonly keys: OpeningKeys;
  /** By which of them this end dials. */
  readonly dialsBy: KeyKind;
  readonly post: Post;
  /** Takes a channel that another end has opened. Left out, none can. */
  readonly accept?: (channel: Channel, from: Provenance) => void;
  readonly notice: (error: QuorateError, node?: string) => void;
}

export interface Exchange {
  /** Begins to open a channel. */
  connect(node: string): Channel;
  /** Takes in what was published to this end. */
  receive(bytes: Uint8Array): void;
  /** No end listens where the channel of that name was to be opened. */
  unanswered(name: string): void;
  /** The server is not connected any more: what was under way may be lost. Ends all channels. */
  disconnected(cause: ConnectionError): void;
}

/** One channel, as long as this end knows its keys. */
interface Entry {
  readonly id: Uint8Array;
  readonly node: string;
  readonly keyKind: KeyKind;
  /** The life of the other end: a new one has forgotten all channels. */
  life: Uint8Array | undefined;
  keys: ChannelKeys | undefined;
  readonly side: 'dialled' | 'accepted';
  sent: number;
  received: number;
  channel: NatsChannel | undefined;
}

/** Channels that were accepted and not confirmed; a genuine one is within a round trip. */
const pendingLimit = 1_024;
/** Channels that are over, whose last messages may still come. */
const formerLimit = 4_096;

const nameOf = (id: Uint8Array): string => Buffer.from(id).toString('hex');

export function createExchange(options: ExchangeOptions): Exchange {
  const { cluster, self, keys, dialsBy, post, accept, notice } = options;
  const here = subjectOf(cluster, self);
  const entries = new Map<string, Entry>();
  const pending = new Set<string>();
  const former = new Set<string>();
  let life = randomBytes(nonceBytes);

  const forget = (name: string): void => {
    entries.delete(name);
    pending.delete(name);
    former.add(name);
    const [oldest] = former;
    if (former.size > formerLimit && oldest !== undefined) former.delete(oldest);
  };
  const publish = (node: string, key: Uint8Array, message: NatsMessage, reply?: string): void => {
    if (!post.isUp) return;
    const subject = subjectOf(cluster, node);
    post.publish(subject, sealed(key, subject, encodeMessage(message)), reply);
  };
  const openChannel = (entry: Entry, channel: NatsChannel, channelKeys: ChannelKeys): void => {
    const key = entry.side === 'dialled' ? channelKeys.fromDialler : channelKeys.fromAcceptor;
    channel.opened({
      partBytes: post.limitBytes - overheadBytes,
      post(kind, payload) {
        publish(entry.node, key, { kind, channel: entry.id, sequence: entry.sent, payload });
        entry.sent += 1;
      },
    });
  };
  /** An end that began anew knows nothing of its former channels, and closes none. */
  const endFormerLives = ({ node, life: present }: Entry): void => {
    for (const entry of [...entries.values()]) {
      const isFormer = entry.node === node && entry.life !== undefined && present !== undefined;
      if (isFormer && !Buffer.from(entry.life ?? []).equals(Buffer.from(present ?? []))) {
        entry.channel?.destroy(new ConnectionError(`node ${node} has begun anew`));
      }
    }
  };
  const forged = (what: string): void =>
    notice(
      new ForgedMessageError(
        `expected a message that proves the secret of cluster '${cluster}' at ${here}, got ${what} that does not; refused it`,
      ),
    );
  const replayed = (what: string, node?: string): void =>
    notice(new ReplayedMessageError(`expected a message of an open channel at ${here}, got ${what}; refused it`), node);

  const receiveOpen = (message: NatsMessage & { kind: 'open' }, bytes: Uint8Array): void => {
    const { channel: id, keyKind, from } = message;
    const name = nameOf(id);
    const key = keys[keyKind];
    if (accept === undefined || key === undefined || !isSealed(key, here, bytes)) {
      forged('a call');
      return;
    }
    if (entries.has(name) || former.has(name) || from === self) {
      replayed('a call that was made before', from);
      return;
    }
    const nonce = randomBytes(nonceBytes);
    const channelKeys = channelKeysOf(key, {
      channel: id,
      nonce,
      dialler: subjectOf(cluster, from),
      acceptor: here,
    });
    const own = { id: Uint8Array.from(id), life: Uint8Array.from(message.life) };
    const counts = { sent: 0, received: 0, channel: undefined };
    entries.set(name, { ...own, node: from, keyKind, keys: channelKeys, side: 'accepted', ...counts });
    pending.add(name);
    const [oldest] = pending;
    if (pending.size > pendingLimit && oldest !== undefined) {
      pending.delete(oldest);
      entries.delete(oldest);
    }
    publish(from, key, { kind: 'accept', channel: id, life, nonce });
  };

  const receiveAccept = (message: NatsMessage & { kind: 'accept' }, bytes: Uint8Array): void => {
    const { channel: id, nonce } = message;
    const entry = entries.get(nameOf(id));
    const key = keys[dialsBy];
    if (key === undefined || !isSealed(key, here, bytes)) {
      forged('an answer');
      return;
    }
    if (entry?.channel === undefined || entry.keys !== undefined) {
      if (!former.has(nameOf(id))) replayed('an answer to no call of this end');
      return;
    }
    entry.life = Uint8Array.from(message.life);
    entry.keys = channelKeysOf(key, {
      channel: id,
      nonce,
      dialler: here,
      acceptor: subjectOf(cluster, entry.node),
    });
    endFormerLives(entry);
    openChannel(entry, entry.channel, entry.keys);
  };

  const confirm = (name: string, entry: Entry, channelKeys: ChannelKeys): NatsChannel => {
    pending.delete(name);
    const channel = new NatsChannel(() => forget(name));
    entry.channel = channel;
    endFormerLives(entry);
    openChannel(entry, channel, channelKeys);
    accept?.(channel, {
      remote: `${entry.node} over NATS`,
      place: entry.node,
      isLocal: false,
      mayBeNode: entry.keyKind === 'peer',
    });
    return channel;
  };
  const receiveInChannel = (message: NatsMessage & { kind: ChannelKind }, bytes: Uint8Array): void => {
    const name = nameOf(message.channel);
    const entry = entries.get(name);
    if (entry?.keys === undefined) {
      // The last words of a channel that this end has closed are nothing to tell.
      if (!former.has(name)) replayed('one of a channel that is not open');
      return;
    }
    const { keys: channelKeys, side, node } = entry;
    if (!isSealed(side === 'dialled' ? channelKeys.fromAcceptor : channelKeys.fromDialler, here, bytes)) {
      forged('a message');
      return;
    }
    if (message.sequence < entry.received) {
      replayed('one that was received before', node);
      return;
    }
    const channel = entry.channel ?? confirm(name, entry, channelKeys);
    if (message.sequence > entry.received) {
      const missing = message.sequence - entry.received;
      channel.destroy(new ConnectionError(`expected all messages of node ${node} in order, missed ${missing}`));
      return;
    }
    entry.received += 1;
    channel.receive(message.kind, message.payload);
  };

  return {
    connect(node) {
      const id = randomBytes(nonceBytes);
      const name = nameOf(id);
      const channel = new NatsChannel(() => forget(name));
      const counts = { sent: 0, received: 0, channel };
      entries.set(name, { id, node, keyKind: dialsBy, life: undefined, keys: undefined, side: 'dialled', ...counts });
      const key = keys[dialsBy];
      if (!post.isUp || key === undefined) {
        channel.destroy(new ConnectionError('the NATS server is not connected'));
      } else {
        publish(node, key, { kind: 'open', channel: id, keyKind: dialsBy, life, from: self }, `${here}.${name}`);
      }
      return channel;
    },
    receive(bytes) {
      const message = parseMessage(bytes);
      if (message === undefined) {
        notice(
          new MalformedFrameError(`expected a message of this version at ${here}, got ${bytes.length} other bytes`),
        );
      } else if (message.kind === 'open') receiveOpen(message, bytes);
      else if (message.kind === 'accept') receiveAccept(message, bytes);
      else receiveInChannel(message, bytes);
    },
    unanswered(name) {
      const entry = entries.get(name);
      if (entry?.keys !== undefined || entry?.channel === undefined) return;
      entry.channel.destroy(new ConnectionError(`node ${entry.node} does not listen there`));
    },
    disconnected(cause) {
      life = randomBytes(nonceBytes);
      for (const name of pending) entries.delete(name);
      pending.clear();
      for (const { channel } of [...entries.values()]) channel?.destroy(cause);
    },
  };
}
