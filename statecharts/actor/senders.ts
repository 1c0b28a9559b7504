/**
 * Who may say what. A definition says for each message which kind of sender it may come from; the host refuses whatever
 * comes from elsewhere before a chart sees it, so that no rule has to ask who a stranger is.
 */

import type { Address } from './address.ts';

/**
 * A kind of sender.
 * - `peer`: the actor or service of the same name and key on any node of the cluster
 * - `{ actor }`: an actor or service of that name on any node of the cluster; with `key: 'same'`, of the same key
 * - `node`: any actor or service of the own node
 * - `member`: any actor or service of any node of the cluster
 */
export type Sender = 'peer' | 'node' | 'member' | { readonly actor: string; readonly key?: 'same' };

/**
 * Services may be open to clients, too, which are no part of the cluster; actors never are.
 * - `client`: a client that may ask whatever clients may
 * - `bearer`: one that has proven a token, of which the service must see for itself what it may do
 */
export type ServiceSender = Sender | 'client' | 'bearer';

type OneOrMore<Kind> = Kind | readonly Kind[];

/** The kinds of sender of all messages alike, or of each of them. */
export type Senders<Type extends string, Kind = Sender> =
  | Extract<Kind, string>
  | Readonly<Record<Type, OneOrMore<Kind>>>;

/** A message's way, as the driver knows it: from its own node, from another one of the cluster, or from a client of some kind. */
export interface Way {
  readonly from: Address;
  readonly to: Address;
  readonly origin: 'node' | 'member' | 'client' | 'bearer';
}

/** Whether a message of a known type may come this way. */
export type Admission = (way: Way, messageType: string) => boolean;

/** Decides who may send what. What is not told apart by type goes by one rule; unknown types are left to the schemas. */
export function admissionOf(senders: Senders<string, ServiceSender>): Admission {
  if (typeof senders === 'string') return (way) => isFrom(senders, way);
  const byType = new Map(Object.entries(senders).map(([type, kinds]) => [type, [kinds].flat()]));
  return (way, messageType) => byType.get(messageType)?.some((kind) => isFrom(kind, way)) ?? !isOutside(way);
}

function isFrom(kind: ServiceSender, { from, to, origin }: Way): boolean {
  // Who is no member is a client whatever its address says.
  if (origin === 'client' || origin === 'bearer') return kind === origin;
  switch (kind) {
    case 'peer':
      return withoutNode(from) === withoutNode(to);
    case 'node':
      return origin === 'node';
    case 'member':
      return true;
    case 'client':
    case 'bearer':
      return false;
    default:
      return kind.key === 'same'
        ? withoutNode(from) === `${kind.actor}/${keyOf(to)}`
        : withoutNode(from).startsWith(`${kind.actor}/`);
  }
}

const isOutside = ({ origin }: Way): boolean => origin === 'client' || origin === 'bearer';
const withoutNode = (address: Address): string => address.slice(address.indexOf('/') + 1);
const keyOf = (address: Address): string => address.slice(address.indexOf('/', address.indexOf('/') + 1) + 1);
