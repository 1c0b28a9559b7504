/** The tables of the guide to choosing, each from what is measured, checked or recorded. */

import { mermaidOf } from '../../src/charts/mermaid.ts';
import { choiceChart } from '../../src/cli/choose/chart.ts';
import type { Conclusion } from '../../src/cli/choose/conclude.ts';
import { type Method, methods, refusals } from '../../src/cli/choose/methods.ts';
import { questionNames, questions } from '../../src/cli/choose/questions.ts';
import { type Reason, reasons } from '../../src/cli/choose/reasons.ts';
import { consistencyModels, consistencyNames, shortestSeparations } from '../../src/history.ts';
import type { Figure } from '../../src/proof/method-costs.ts';
import type { Protocol, TwinDescription } from '../../src/proof/protocol.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { type Figures, table } from '../../src/proof/tables.ts';
import { measuredAsItIs } from '../../src/proof/two-phase-commit/costs/compare.ts';

const counted = (value: number): string => value.toLocaleString('en');
const code = (text: string): string => `\`${text}\``;

function protocolNamed(name: string): Protocol {
  const found = protocols.find((it) => it.name === name);
  if (found === undefined) throw new Error(`there is no protocol '${name}'`);
  return found;
}

/** Of whom the checker takes away one for ever. */
const gone = { c: 'the coordinator', e: 'an acceptor' } as const;

/** Whether transactions end when `who` never comes back, as the checker found it, and the command that finds it. */
function endsWithout(who: keyof typeof gone, protocol: Protocol, figures: Figures): readonly string[] {
  const system = protocol.systems.find(({ bounds }) =>
    new RegExp(` only of ${who}, no restart.*to the end$`).test(protocol.systemName(bounds)),
  );
  if (system === undefined) throw new Error(`no system of ${protocol.name} is without ${gone[who]}`);
  const states = figures[protocol.name]?.[protocol.systemName(system.bounds)]?.states ?? 0;
  const verdict =
    system.knownTruth === undefined
      ? `yes without ${gone[who]}, in every run (${counted(states)} states)`
      : `no: ${system.knownTruth.because}`;
  return [verdict, code(`npx quorate check ${protocol.name} ${protocol.commandLine(system.bounds)}`.trim())];
}

const spread = (faults: number | undefined): string => {
  const placement = faults === undefined ? ('apart' as const) : ('leader-with-acceptor' as const);
  const { messages, delays, stableWrites } = measuredAsItIs({ participants: 2, faults, placement });
  return `${messages} in ${delays}, ${stableWrites} writes`;
};

/** The consistency models, and the shortest history that tells each from the next ones. */
export function consistencyTable(): string {
  const found = shortestSeparations();
  const rows = consistencyNames.flatMap((name) => {
    const { statement, source } = consistencyModels[name];
    return found
      .filter(({ stronger }) => stronger === name)
      .map(({ weaker, text }, at) => [
        at === 0 ? `**${name}**` : '',
        at === 0 ? `${statement} (${source})` : '',
        weaker ?? 'no other',
        text.join('; '),
      ]);
  });
  return table(
    ['model', 'what a history must be like', 'next weaker', 'a shortest history that it forbids and the next allows'],
    rows,
  );
}

/** Two-phase commit, and what Paxos does to it. */
export function commitsTable(figures: Figures): string {
  const rows = [
    ['two-phase commit', 'the coordinator', spread(undefined), ...endsWithout('c', protocolNamed('2pc'), figures)],
    [
      'two-phase commit, decided in a register',
      'a majority, twice',
      'the same, and two commands of the register',
      ...endsWithout('c', protocolNamed('2pc-register'), figures),
    ],
    ['Paxos Commit, F = 1', 'a majority, once', spread(1), ...endsWithout('e', protocolNamed('2pc-paxos'), figures)],
  ];
  return table(
    [
      'method',
      'must answer for the outcome',
      'two databases: messages in delays, stable writes',
      'comes to its end',
      'checked by',
    ],
    rows,
  );
}

/** What was measured of two methods, beside each other. */
export function besideTable(
  costs: Readonly<Record<string, readonly Figure[]>>,
  columns: readonly (readonly [title: string, name: string])[],
): string {
  const figuresOf = (name: string): readonly Figure[] => costs[name] ?? [];
  const all = columns.flatMap(([, name]) => figuresOf(name));
  const asked = new Map<string, Set<string>>();
  for (const { what, command } of all) asked.set(what, (asked.get(what) ?? new Set()).add(command));
  return table(
    ['measured', ...columns.map(([title]) => title), 'again by'],
    [...asked].map(([what, commands]) => [
      what,
      ...columns.map(([, name]) => figuresOf(name).find((it) => it.what === what)?.value ?? 'not applicable'),
      [...commands].map(code).join(', '),
    ]),
  );
}

const twinsOf = (names: readonly string[]): readonly (readonly [Protocol, TwinDescription])[] =>
  names.map(protocolNamed).flatMap((protocol) => protocol.twins.map((twin) => [protocol, twin] as const));

/** What is claimed of transactions, and what breaks each claim: the twins that the checker finds by it. */
export function claimsTable(names: readonly string[]): string {
  const broken = new Map<string, (readonly [Protocol, TwinDescription])[]>();
  for (const [protocol, twin] of twinsOf(names)) {
    const claim = twin.checker?.violates;
    if (claim !== undefined) broken.set(claim, [...(broken.get(claim) ?? []), [protocol, twin]]);
  }
  return table(
    ['what is claimed', 'rules whose breach the checker finds by it', 'one of them', 'again by'],
    [...broken].map(([claim, found]) => {
      const [first] = found;
      if (first === undefined) throw new Error(`no twin breaks '${claim}'`);
      const [{ name }, twin] = first;
      const quoted = twin.name.includes("'") ? `"${twin.name}"` : `'${twin.name}'`;
      return [claim, String(found.length), twin.name, code(`npx quorate check ${name} --broken ${quoted}`)];
    }),
  );
}

/** The conversation, drawn. */
export const choicePicture = (): string => mermaidOf(choiceChart);

/** What is asked, and what may be answered. */
export const questionsTable = (): string =>
  table(
    ['question', 'in a file', 'answers'],
    questionNames.map((name) => {
      const asked = questions[name];
      const answers =
        'choices' in asked
          ? Object.entries(asked.choices)
              .map(([word, text]) => `\`"${word}"\`: ${text}`)
              .join('; ')
          : `\`${asked.least}\` to \`${asked.most}\``;
      return [asked.text, code(name), answers];
    }),
  );

/** Why each step is taken. */
export const reasonsTable = (): string =>
  table(
    ['reason', 'because'],
    Object.entries(reasons).map(([reason, text]) => [code(reason), text]),
  );

const nameOf = (it: Conclusion): string => ('recommended' in it ? it.recommended.name : it.refused.name);

/** What all ways through the questions lead to. */
export function conclusionsTable(all: readonly Conclusion[]): string {
  const rows = [...methods, ...refusals].map((it) => {
    const ways = all.filter((conclusion) => nameOf(conclusion) === it.name);
    const says = 'about' in it ? it.about : `Refused. ${it.change}`;
    return [code(it.name), it.title, says, counted(ways.length)];
  });
  return table(['conclusion', 'what it is', 'what it promises, or what would have to change', 'ways to it'], rows, 3);
}

/** The reasons that lead to a method on some way, in their order. */
const reasonsFor = (method: Method, all: readonly Conclusion[]): readonly Reason[] => {
  const found = all.find((it) => nameOf(it) === method.name);
  return found?.reasons ?? [];
};

/** What each method costs, why it is recommended on the first way to it, and what to begin with. */
export const startsText = (costs: Readonly<Record<string, readonly Figure[]>>, all: readonly Conclusion[]): string =>
  methods
    .map((method) => {
      const { title, name, start, costsOf } = method;
      const why = reasonsFor(method, all).map((reason) => `- ${reasons[reason]}`);
      const figures = costs[costsOf] ?? [];
      const costly = figures.length === 0 ? [] : ['', besideTable(costs, [['', costsOf]])];
      const info = start.file.endsWith('.ts') ? `ts ${start.file}` : 'json';
      const shell = start.commands.length === 0 ? [] : ['', '```sh', ...start.commands, '```'];
      return [
        `#### ${title}`,
        '',
        `\`${name}\`, for instance because:`,
        '',
        ...why,
        ...costly,
        ...shell,
        '',
        `\`\`\`${info}\n${start.content.trimEnd()}\n\`\`\``,
      ].join('\n');
    })
    .join('\n\n');
