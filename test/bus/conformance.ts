/** What every transport must do. Each transport's test file runs this suite over clusters of its own making. */

import { afterEach, describe, expect, test } from 'vitest';
import type { Arrival, Bus, Envelope, Loss, PeerStatus } from '../../src/bus/bus.ts';
import type { Address, Tagged } from '../../statecharts/actor.ts';

/** A few nodes that are connected to each other, and the time that they live in. */
export interface Cluster {
  /** The present bus of a node. */
  bus(node: string): Bus;
  /** Starts a node again that was closed. */
  restart(node: string): Promise<Bus>;
  /** Connects a client to every node; the test closes it. */
  client(): Bus | Promise<Bus>;
  /** Lets time pass until `condition` holds; fails when it does not within some seconds. */
  until(condition: () => boolean): Promise<void>;
  /** Closes whatever is still open. */
  close(): Promise<void>;
}

export interface ClusterOptions {
  readonly nodes: readonly string[];
  /** Envelopes that may wait for one peer. */
  readonly queueLimit?: number;
}

export interface Numbered extends Tagged {
  readonly type: 'numbered';
  readonly number: number;
}

export const numbered = (from: string, to: string, number: number): Envelope => {
  const message: Numbered = { type: 'numbered', number };
  return { from: `${from}/sender/`, to: `${to}/receiver/`, message };
};

/** Everything that a bus hands out from now on. */
export function record(bus: Bus, address?: Address) {
  const envelopes: Arrival[] = [];
  const losses: Loss[] = [];
  const statuses: PeerStatus[] = [];
  bus.envelopes(address).subscribe((envelope) => envelopes.push(envelope));
  bus.losses.subscribe((loss) => losses.push(loss));
  bus.peers.subscribe((status) => statuses.push(status));
  return {
    envelopes,
    losses,
    statuses,
    numbersFrom: (node: string) =>
      envelopes
        .filter(({ from }) => from.startsWith(`${node}/`))
        .map(({ message }) => ('number' in message ? message.number : undefined)),
    lost: (node: string, reason: Loss['reason']) =>
      losses.filter((loss) => loss.node === node && loss.reason === reason).reduce((sum, { count }) => sum + count, 0),
    present: (node: string) => statuses.findLast((status) => status.node === node)?.status,
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export function busConformance(name: string, start: (options: ClusterOptions) => Promise<Cluster>): void {
  describe(`${name} as a bus`, () => {
    const open: Cluster[] = [];
    const cluster = async (options: ClusterOptions): Promise<Cluster> => {
      const started = await start(options);
      open.push(started);
      return started;
    };
    afterEach(async () => {
      for (const it of open.splice(0)) await it.close();
    });

    test('carries an envelope as it is', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const { envelopes } = record(bus('n2'));
      const message = {
        type: 'everything',
        nothing: null,
        text: 'grüße ☃ 🚀',
        long: 'x'.repeat(70_000),
        numbers: [0, -1, 1.5, 2 ** 31, 2 ** 32, -(2 ** 31), Number.MAX_SAFE_INTEGER, 1e300],
        flags: [true, false],
        bytes: Uint8Array.of(0, 1, 254, 255),
        nested: { list: [{ a: 1 }, []], none: {} },
      };
      const sent: Envelope = { from: 'n1/sender/some/key', to: 'n2/receiver/other/key', message };
      bus('n1').send(sent);
      await until(() => envelopes.length === 1);
      expect(envelopes).toEqual([{ ...sent, origin: 'member' }]);
      bus('n1').send({ ...sent, position: 2 ** 40 });
      await until(() => envelopes.length === 2);
      expect(envelopes[1]).toEqual({ ...sent, position: 2 ** 40, origin: 'member' });
      const received = envelopes[0]?.message;
      expect(received !== undefined && 'bytes' in received && received.bytes?.constructor).toBe(Uint8Array);
    });

    test('keeps the order between each two nodes, in both directions at once', async () => {
      const nodes = ['n1', 'n2', 'n3'];
      const { bus, until } = await cluster({ nodes });
      const records = nodes.map((node) => ({ node, ...record(bus(node)) }));
      for (const number of upTo(500)) {
        for (const from of nodes) {
          for (const to of nodes) if (from !== to) bus(from).send(numbered(from, to, number));
        }
      }
      await until(() => records.every(({ envelopes }) => envelopes.length === 1_000));
      for (const { node, numbersFrom } of records) {
        for (const from of nodes) if (from !== node) expect(numbersFrom(from)).toEqual(upTo(500));
      }
    });

    test('delivers to the addressee and to nobody else', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2', 'n3'] });
      const whole = record(bus('n2'));
      const addressee = record(bus('n2'), 'n2/receiver/');
      const namesake = record(bus('n2'), 'n2/receiver/other');
      const elsewhere = record(bus('n3'));
      bus('n1').send(numbered('n1', 'n2', 1));
      bus('n1').send({ ...numbered('n1', 'n2', 2), to: 'n2/receiver/other' });
      bus('n1').send(numbered('n1', 'n3', 3));
      await until(() => whole.envelopes.length === 2 && elsewhere.envelopes.length === 1);
      expect(addressee.numbersFrom('n1')).toEqual([1]);
      expect(namesake.numbersFrom('n1')).toEqual([2]);
      expect(elsewhere.numbersFrom('n1')).toEqual([3]);
    });

    test('never delivers within send, not even to its own node or in a chain of answers', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const depths: number[] = [];
      let depth = 0;
      const send = (envelope: Envelope) => {
        depth += 1;
        bus(envelope.from.slice(0, 2)).send(envelope);
        depth -= 1;
      };
      const relay = (envelope: Envelope) => {
        depths.push(depth);
        if (depths.length < 30) send({ ...envelope, from: envelope.to, to: envelope.from });
      };
      bus('n1').envelopes().subscribe(relay);
      bus('n2').envelopes().subscribe(relay);
      send(numbered('n1', 'n2', 1));
      await until(() => depths.length === 30);
      send(numbered('n1', 'n1', 2));
      await until(() => depths.length > 30);
      expect(depths.every((it) => it === 0)).toBe(true);
    });

    test('drops the newest envelopes beyond the limit, says how many, and holds up nobody else', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2', 'n3'], queueLimit: 100 });
      const sender = record(bus('n1'));
      const flooded = record(bus('n2'));
      const other = record(bus('n3'));
      for (const number of upTo(1_000)) bus('n1').send(numbered('n1', 'n2', number));
      for (const number of upTo(50)) bus('n1').send(numbered('n1', 'n3', number));
      await until(() => other.envelopes.length === 50 && flooded.envelopes.length === 100);
      await until(() => sender.lost('n2', 'dropped') > 0);
      expect(sender.losses).toEqual([{ node: 'n2', reason: 'dropped', count: 900 }]);
      expect(flooded.numbersFrom('n1')).toEqual(upTo(100));
      bus('n1').send(numbered('n1', 'n2', 5_000));
      await until(() => flooded.envelopes.length === 101);
      expect(flooded.numbersFrom('n1').at(-1)).toBe(5_000);
    });

    test('tells a new subscriber how each peer stands', async () => {
      const { bus } = await cluster({ nodes: ['n1', 'n2', 'n3'] });
      const { statuses } = record(bus('n1'));
      expect(statuses.map(({ node, status }) => `${node} ${status}`).sort()).toEqual(['n2 connected', 'n3 connected']);
    });

    test('shows a closed peer as disconnected, and reports what is sent to it', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2', 'n3'] });
      const sender = record(bus('n1'));
      const other = record(bus('n3'));
      await bus('n2').close();
      await until(() => sender.present('n2') === 'disconnected' && other.present('n2') === 'disconnected');
      await until(() => sender.losses.length > 0);
      expect(sender.losses).toEqual([{ node: 'n2', reason: 'disconnected', count: 0 }]);
      bus('n1').send(numbered('n1', 'n2', 1));
      bus('n1').send(numbered('n1', 'n2', 2));
      bus('n1').send(numbered('n1', 'n3', 3));
      await until(() => sender.lost('n2', 'disconnected') === 2 && other.envelopes.length === 1);
      expect(sender.present('n3')).toBe('connected');
    });

    test('connects again to a node that came back, which sees nothing that was meant for its predecessor', async () => {
      const { bus, until, restart } = await cluster({ nodes: ['n1', 'n2'] });
      const sender = record(bus('n1'));
      const predecessor = record(bus('n2'));
      bus('n1').send(numbered('n1', 'n2', 1));
      await until(() => predecessor.envelopes.length === 1);
      await bus('n2').close();
      await until(() => sender.present('n2') === 'disconnected');
      bus('n1').send(numbered('n1', 'n2', 2));
      const successor = record(await restart('n2'));
      await until(() => sender.present('n2') === 'connected' && successor.present('n1') === 'connected');
      bus('n1').send(numbered('n1', 'n2', 3));
      bus('n2').send(numbered('n2', 'n1', 4));
      await until(() => successor.envelopes.length === 1 && sender.envelopes.length === 1);
      expect(successor.numbersFrom('n1')).toEqual([3]);
      expect(sender.numbersFrom('n2')).toEqual([4]);
      expect(predecessor.numbersFrom('n1')).toEqual([1]);
    });

    test('reports an envelope to a node that nobody knows', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const sender = record(bus('n1'));
      bus('n1').send(numbered('n1', 'n9', 1));
      await until(() => sender.losses.length > 0);
      expect(sender.losses).toEqual([{ node: 'n9', reason: 'disconnected', count: 1 }]);
    });

    test('tells the sender that nobody lives at an address, when the receiver rejects', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const sender = record(bus('n1'));
      bus('n2')
        .envelopes()
        .subscribe((envelope) => bus('n2').reject(envelope));
      bus('n1').send(numbered('n1', 'n2', 1));
      await until(() => sender.losses.length > 0);
      expect(sender.losses).toEqual([{ node: 'n2', address: 'n2/receiver/', reason: 'absent', count: 1 }]);
    });

    test('tells the sender so by itself when nobody listens', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const sender = record(bus('n1'));
      record(bus('n2'), 'n2/somebody/else');
      bus('n1').send(numbered('n1', 'n2', 1));
      await until(() => sender.losses.length > 0);
      expect(sender.losses).toEqual([{ node: 'n2', address: 'n2/receiver/', reason: 'absent', count: 1 }]);
    });

    test('tells what a client sent from what a node sent, whatever the envelope says', async () => {
      const { bus, client, until } = await cluster({ nodes: ['n1', 'n2'] });
      const { envelopes } = record(bus('n2'));
      const guest = await client();
      const { present } = record(guest);
      await until(() => present('n2') === 'connected');
      const claim = Object.assign(numbered(guest.node, 'n2', 1), { origin: 'member' });
      guest.send(claim);
      bus('n1').send(numbered('n1', 'n2', 2));
      await until(() => envelopes.length === 2);
      const origins = Object.fromEntries(envelopes.map(({ from, origin }) => [from.split('/')[0], origin]));
      expect(origins).toEqual({ [guest.node]: 'client', n1: 'member' });
      await guest.close();
    });

    test('still carries what was sent before it closed', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const receiver = record(bus('n2'));
      for (const number of upTo(100)) bus('n1').send(numbered('n1', 'n2', number));
      await bus('n1').close();
      await until(() => receiver.envelopes.length === 100);
      expect(receiver.numbersFrom('n1')).toEqual(upTo(100));
    });

    test('can be closed twice, and is silent afterwards', async () => {
      const { bus, until } = await cluster({ nodes: ['n1', 'n2'] });
      const closed = record(bus('n1'));
      let completed = 0;
      const complete = () => {
        completed += 1;
      };
      bus('n1').envelopes().subscribe({ complete });
      bus('n1').envelopes('n1/a/').subscribe({ complete });
      bus('n1').losses.subscribe({ complete });
      bus('n1').peers.subscribe({ complete });
      await Promise.all([bus('n1').close(), bus('n1').close()]);
      await bus('n1').close();
      expect(completed).toBe(4);
      const other = record(bus('n2'));
      await until(() => other.present('n1') === 'disconnected');
      const before = closed.losses.length;
      bus('n1').send(numbered('n1', 'n2', 1));
      bus('n1').reject(numbered('n2', 'n1', 1));
      bus('n2').send(numbered('n2', 'n1', 1));
      await until(() => other.lost('n1', 'disconnected') === 1);
      expect(closed.losses.length).toBe(before);
      expect(other.envelopes).toEqual([]);
    });
  });
}
