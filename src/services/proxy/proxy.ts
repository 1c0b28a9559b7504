/**
 * A proxy: brings clients to the primary of a group, and readers to its standbys. Where they go is decided by an actor, a
 * route, from what is heard of the group; their bytes go through plain code. In durable mode the clients of a Redis group see
 * no reply before it is confirmed by the in-sync set.
 */

import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { Subject } from 'rxjs';
import type { Address, Result } from '../../../statecharts/actor.ts';
import { isLater, type RouteOutput, route, type Topology } from '../../../statecharts/failover.ts';
import { createMemoryNetwork } from '../../bus/memory.ts';
import type { Clock } from '../../environment/clock.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import { createNode, type Node } from '../../host/node.ts';
import { createMemoryJournal } from '../../journal/memory.ts';
import type { Resource } from '../../resources/resource.ts';
import type { GroupProxy, ProxyOptions, ProxyStatus } from './contract.ts';
import { Door, type HostPort } from './door.ts';
import { heardBy } from './door-events.ts';
import { ProxyTlsError } from './errors.ts';
import { HeldBudget } from './held-replies.ts';
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts';
import { createTeller, noticeOf, type ProxyNotice, type Teller } from './notices.ts';
import { PrimaryWay } from './primary-way.ts';
import { isClose, leastPending, mayRead } from './reads.ts';
import { redisSessions } from './redis/session.ts';
import { PassedReplies } from './replies.ts';
import { defaultProxyLimits, holdsReplies, type ProxyLimits } from './settings.ts';

/**
 * Starts a proxy. It resolves when it listens; clients wait until the group has been heard of.
 *
 * @throws DoorListenError when a port cannot be opened; ProxyTlsError when certificate and key cannot be used
 *
 * @example
 * const proxy = await startProxy({
 *   group: 'orders',
 *   kind: 'redis',
 *   topology: followTopology({ managers: ['http://127.0.0.1:7201', 'http://127.0.0.1:7202'] }),
 *   listen: { host: '127.0.0.1', port: 6400 },
 * });
 */
export async function startProxy(options: ProxyOptions): Promise<GroupProxy> {
  const proxy = new RunningProxy(options);
  await proxy.listen();
  return proxy;
}

/**
 * The same, read once: what cannot be read would otherwise be thrown with the first client, and end the process.
 *
 * @throws ProxyTlsError
 */
function usable(tls: ConnectionOptions | undefined): ConnectionOptions | undefined {
  if (tls === undefined) return undefined;
  try {
    return { ...tls, secureContext: tls.secureContext ?? createSecureContext(tls) };
  } catch (cause) {
    throw new ProxyTlsError(`expected a certificate and its key, as PEM, got: ${messageOf(cause)}; mend 'redis.tls'`, {
      cause,
    });
  }
}

const defaultMaxReadLagBytes = 1024 * 1024;
const defaultUnheardAfterMs = 15_000;

class RunningProxy implements GroupProxy {
  readonly notices = new Subject<ProxyNotice>();
  readonly node: Node;
  readonly metrics: ProxyMetrics;
  readonly #options: ProxyOptions;
  readonly #clock: Clock;
  readonly #limits: ProxyLimits;
  readonly #maxReadLagBytes: number;
  readonly #teller: Teller;
  readonly #budget: HeldBudget;
  readonly #way: PrimaryWay;
  readonly #clients: Door;
  readonly #readers: Door | undefined;
  readonly #route: Address;
  readonly #unfollow: () => void;
  #role: string | undefined;
  #known: Topology | undefined;
  #heardMs: number | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ProxyOptions) {
    const { id = 'proxy', group, kind, environment = systemEnvironment() } = options;
    const { clock } = environment;
    this.#options = options;
    this.#clock = clock;
    this.#limits = { ...defaultProxyLimits, ...options.limits };
    this.#maxReadLagBytes = options.maxReadLagBytes ?? defaultMaxReadLagBytes;
    this.#teller = createTeller(clock, (notice) => this.notices.next(notice));
    this.#budget = new HeldBudget(this.#limits);
    this.metrics = createProxyMetrics(group, {
      role: () => this.#role,
      newsAgeMs: () => this.#newsAgeMs(),
      doors: () => Object.entries(this.#doors()),
    });
    this.#way = this.#makeWay();
    const events = heardBy(this.metrics, this.#teller, this.#limits.confirmTimeoutMs);
    const tls = kind === 'redis' ? usable(options.redis?.tls) : undefined;
    const door = { group, kind, limits: this.#limits, clock, tls, events };
    this.#clients = new Door({ ...door, name: 'primary', listen: options.listen, way: () => this.#way.way });
    if (options.reads !== undefined) {
      this.#readers = new Door({ ...door, name: 'reads', listen: options.reads, way: () => this.#readWay() });
    }
    this.node = createNode({
      id,
      bus: createMemoryNetwork(environment).join(id),
      journal: createMemoryJournal({ node: id, ...environment }),
      environment,
      resources: { connections: this.#connections() },
      ...(options.inspect && { inspect: options.inspect }),
    });
    this.node.roleChanges.subscribe(({ role }) => {
      this.#role = role;
    });
    this.#route = this.node.launch(route, {
      key: group,
      input: { unheardAfterMs: options.unheardAfterMs ?? defaultUnheardAfterMs },
      observer: { delivered: (output) => this.#said(output), ended: (cause) => this.#routeEnded(cause) },
    });
    const following = options.topology.subscribe({
      next: (topology) => this.#hear(topology),
      error: (error) => this.#teller.tell({ level: 'error', code: 'NEWS', message: messageOf(error) }),
    });
    this.#unfollow = () => following.unsubscribe();
  }

  /** @throws DoorListenError */
  async listen(): Promise<void> {
    try {
      await this.#clients.listen();
      await this.#readers?.listen();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get address(): HostPort {
    return this.#clients.address;
  }

  get readsAddress(): HostPort | undefined {
    return this.#readers?.address;
  }

  status(): ProxyStatus {
    const { group, kind } = this.#options;
    return {
      group,
      kind,
      route: this.#role,
      isOpen: this.#way.way !== undefined,
      known: this.#known ?? null,
      newsAgeMs: this.#newsAgeMs() ?? null,
      doors: this.#doors(),
    };
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#unfollow();
      await Promise.all([this.#clients.stop(), this.#readers?.stop()]);
      this.#way.close();
      await this.node.stop();
      this.metrics.close();
      this.notices.complete();
    })();
    return this.#stopped;
  }

  #hear(topology: Topology): void {
    if (!this.node.isAlive(this.#route)) return;
    if (this.#known === undefined || !isLater(topology, this.#known)) this.#heardMs = this.#clock.nowMs();
    const news = { type: 'topology', topology };
    try {
      this.node.request(this.#route, news);
    } catch (error) {
      this.#teller.tellNowAndThen({ level: 'warn', code: 'NEWS', message: messageOf(error) });
    }
  }

  #said(output: RouteOutput): void {
    if (output.type === 'known') this.#know(output.topology);
    else if (output.type === 'routed') this.#openWay(output.topology);
    else this.#teller.tell(noticeOf(output));
  }

  #openWay({ primary, mark, mode }: Topology): void {
    if (primary === null) return;
    const holds = holdsReplies(this.#options.kind, mode);
    const how = holds ? ', replies are held until they are confirmed' : '';
    this.#teller.tell({
      level: 'info',
      code: 'ROUTED',
      message: `clients go to ${primary.server} at ${primary.host}:${primary.port}, primary of epoch ${mark?.epoch ?? '?'}${how}`,
    });
    this.#way.open(primary, holds);
  }

  /** Readers leave standbys that are none any more, or too far behind. */
  #know(topology: Topology): void {
    this.#known = topology;
    const readers = this.#readers;
    if (readers === undefined) return;
    const count = readers.cut((destination) => !mayRead(destination, topology.standbys, this.#maxReadLagBytes));
    if (count > 0) this.#toldCut(count, 'their standby is gone or too far behind');
    if (topology.standbys.some((standby) => isClose(standby, this.#maxReadLagBytes))) readers.open();
  }

  #readWay() {
    const pendingAt = (server: string): number => this.#readers?.pendingAt(server) ?? 0;
    const destination = leastPending(this.#known?.standbys ?? [], this.#maxReadLagBytes, pendingAt);
    if (destination === undefined) return undefined;
    return { destination, replies: PassedReplies.of };
  }

  #makeWay(): PrimaryWay {
    const { kind, group, redis = {} } = this.#options;
    const { confirmTimeoutMs, connectTimeoutMs } = this.#limits;
    return new PrimaryWay({
      clock: this.#clock,
      confirmTimeoutMs,
      budget: this.#budget,
      openSession:
        kind === 'redis'
          ? redisSessions({
              group,
              login: redis,
              clock: this.#clock,
              connectTimeoutMs,
              answerTimeoutMs: confirmTimeoutMs,
            })
          : undefined,
      known: () => this.#known,
      onOpen: () => this.#clients.open(),
      onLost: ({ server }, why) => {
        this.#teller.tellNowAndThen({
          level: 'warn',
          code: 'CONTROL_LOST',
          message: `${server}: ${why}; its clients are cut, and wait for it or another primary`,
        });
        this.#cutClients('the control session that confirmed their replies has ended');
      },
      onRound: (result, durationMs) => {
        this.metrics.round(result, durationMs);
        if (result.type === 'confirmed') return;
        this.#teller.tellNowAndThen({ level: 'warn', code: 'UNCONFIRMED', message: result.why });
      },
    });
  }

  /** What the route asks to act: ends all that goes to the primary. */
  #connections(): Resource {
    return {
      perform: (_operation, answer: (result: Result) => void) => {
        this.#way.close();
        this.#cutClients('the primary is another one, or of another epoch');
        this.#clock.enqueue(() => answer({ type: 'done', value: null }));
      },
      close: async () => {},
    };
  }

  #cutClients(why: string): void {
    const count = this.#clients.cut(() => true);
    if (count > 0) this.#toldCut(count, why);
  }

  #toldCut(count: number, why: string): void {
    this.metrics.cut(count);
    this.#teller.tell({ level: 'warn', code: 'CUT', message: `${count} connections are cut: ${why}` });
  }

  #routeEnded(cause: Error | undefined): void {
    if (cause === undefined) return;
    this.#teller.tell({ level: 'error', code: 'FAILED', message: messageOf(cause) });
    // Without a route there is no telling where clients belong.
    this.#way.close();
    this.#cutClients('the route has failed');
    void this.stop();
  }

  #doors() {
    return {
      primary: this.#clients.standing,
      ...(this.#readers === undefined ? {} : { reads: this.#readers.standing }),
    };
  }

  #newsAgeMs(): number | undefined {
    return this.#heardMs === undefined ? undefined : this.#clock.nowMs() - this.#heardMs;
  }
}
