/**
 * Addresses: `node/name/key`. The node is where the actor lives, the name is its definition's, and the key tells apart
 * actors of one definition on one node; it is empty for singletons and may itself contain slashes.
 */

import { AddressError } from './errors.ts';

export type Address = `${string}/${string}/${string}`;

export interface AddressParts {
  readonly node: string;
  readonly name: string;
  readonly key: string;
}

const idPattern = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Whether `id` may name a node or a definition: 1 to 64 letters, digits, dots, dashes and underscores, but none of the names that
 * every object has, such as `__proto__`. What nodes know of each other is plain data, by their ids: it would be lost, or found where
 * there is none, under such a name.
 */
export const isId = (id: string): boolean => idPattern.test(id) && !(id in {});

/** Whether `value` reads as an address. */
export function isAddress(value: unknown): value is Address {
  if (typeof value !== 'string') return false;
  const first = value.indexOf('/');
  const second = value.indexOf('/', first + 1);
  return first > 0 && second > first && isId(value.slice(0, first)) && isId(value.slice(first + 1, second));
}

/**
 * Joins the parts of an address.
 *
 * @param key empty (the default) for a singleton
 * @throws AddressError when node or name is not an id
 */
export function addressOf(node: string, name: string, key = ''): Address {
  const address: Address = `${node}/${name}/${key}`;
  if (!isId(node) || !isId(name)) {
    throw new AddressError(
      `expected a node and a name of 1 to 64 letters, digits, '.', '-' or '_', got '${address}'; choose other ids`,
    );
  }
  return address;
}

/** Takes an address apart. @throws AddressError when `address` does not read as `node/name/key` */
export function partsOf(address: string): AddressParts {
  if (!isAddress(address)) throw new AddressError(`expected an address like 'n1/raft.server/kv', got '${address}'`);
  const first = address.indexOf('/');
  const second = address.indexOf('/', first + 1);
  return { node: address.slice(0, first), name: address.slice(first + 1, second), key: address.slice(second + 1) };
}

/** The node of an address, without checking the rest of it. */
export const nodeOf = (address: Address): string => address.slice(0, address.indexOf('/'));
