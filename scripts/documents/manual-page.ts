import { globalFlags } from '../../server/command-line/flags.ts'
import { usageOf } from '../../server/help.ts'
import type { Registry } from '../../server/registry.ts'
import { ownVersion } from '../../server/version.ts'
import { whoMay } from '../../server/who-may.ts'
import { exitCodes, flagUsage, ownFlags, topicsOf } from './reference.ts'

/** paas(1) in roff, as `man` reads it. */
export function manualPage(registry: Registry): string {
  return `${[
    `.TH PAAS 1 "" "paas ${ownVersion()}" "User Commands"`,
    '.SH NAME',
    'paas \\- deploy apps by git push, and command them over ssh',
    '.SH SYNOPSIS',
    '.B paas',
    '[\\fB\\-r\\fR \\fIREMOTE\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR | \\fIWORD\\fR]...',
    '.br',
    '.B ssh paas',
    '\\fICOMMAND\\fR [\\fIOPTION\\fR | \\fIWORD\\fR]...',
    '.SH DESCRIPTION',
    'Sends a command to the server over ssh. Inside a git repository the remote',
    '.B paas',
    '(else the one remote that leads to such a server) says which server and which app are meant;',
    'outside of one, or with a first word or \\fB\\-\\-app\\fR that names another app, that one is.',
    'A terminal is asked for where stdin and stdout are one.',
    '.SH OPTIONS',
    'Every command takes these.',
    ...options(Object.entries(globalFlags)),
    '.SH COMMANDS',
    ...topicsOf(registry).flatMap(({ title, commands }) => [
      `.SS "${escaped(title)}"`,
      ...commands.flatMap(([name, command]) => [
        '.TP',
        `.B ${escaped(usageOf(name, command))}`,
        `${line(command.summary)}. For ${whoMay[command.right]}.`,
        ...(command.aliases?.length ? [`Also: ${escaped(command.aliases.join(', '))}.`] : []),
        ...(ownFlags(command).length > 0 ? ['.RS', ...options(ownFlags(command)), '.RE'] : []),
      ]),
    ]),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, line(meaning)]),
    '.PP',
    '\\fBrun\\fR and \\fBenter\\fR give that of the command they ran; 255 is ssh itself: there was no connection.',
    '.SH ENVIRONMENT',
    ...[
      ['PAAS_REMOTE', 'The git remote that is meant, as with \\fB\\-r\\fR.'],
      [
        'PAAS_HOST',
        'The server, as ssh takes it (\\fBpaas\\fR, \\fBme@host\\fR, \\fBssh://host:2222\\fR), in place of a git remote.',
      ],
      ['GIT_SSH_COMMAND', 'The ssh to call, as git reads it; core.sshCommand of git counts too.'],
    ].flatMap(([name, text]) => ['.TP', `.B ${name}`, text ?? '']),
    '.SH EXAMPLES',
    '.nf',
    ...['config:set GREETING=hello', 'scale web=3', 'logs -t', 'run sh', 'rollback'].map(
      (example) => `paas ${escaped(example)}`,
    ),
    '.fi',
    '.SH SEE ALSO',
    '.BR ssh (1),',
    '.BR git\\-push (1)',
  ].join('\n')}\n`
}

const options = (flags: readonly (readonly [string, Parameters<typeof flagUsage>[1]])[]): readonly string[] =>
  flags.flatMap(([name, flag]) => ['.TP', `.B ${escaped(flagUsage(name, flag))}`, line(flag.summary)])

/** Text that begins a line: a dot or an apostrophe there would be a request. */
const line = (text: string): string => escaped(text).replace(/^[.']/, '\\&$&')

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('"', '\\(dq')
