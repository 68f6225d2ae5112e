import type { Registry } from '../../server/registry.ts'
import { type CompletedFlag, completed, everywhere } from './completed.ts'

/** Completion of the client `paas` for fish: commands, their options, and the apps that one may see. */
export function fishCompletion(registry: Registry): string {
  const commands = completed(registry)
  return `# fish completion for paas. Made by \`make docs\`: change what the commands declare instead.
# Use: put it into ~/.config/fish/completions/ as \`paas.fish\`.

function __paas_apps
    SSH_ASKPASS=false SSH_ASKPASS_REQUIRE=force paas apps </dev/null 2>/dev/null
end

# The command among what is typed before the cursor.
function __paas_command
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
            continue
        end
        switch $word
            case -a --app -r --remote
                set skip 1
            case '-*'
            case '*'
                echo $word
                return
        end
    end
end

function __paas_is
    set -l command (__paas_command)
    contains -- "$command" $argv
end

complete -c paas -f
complete -c paas -n 'not __paas_is ""' -a '(__paas_apps)'
${everywhere.map((flag) => optionLine(undefined, flag)).join('\n')}
${commands
  .flatMap(({ offered, summary }) =>
    offered.map((word) => `complete -c paas -n '__paas_is ""' -a ${quoted(word)} -d ${quoted(summary)}`),
  )
  .join('\n')}
${commands
  .flatMap(({ words, flags }) => flags.map((flag) => optionLine(`__paas_is ${words.join(' ')}`, flag)))
  .join('\n')}
`
}

function optionLine(
  condition: string | undefined,
  { name, short, summary, takesValue }: CompletedFlag,
): string {
  const when = condition === undefined ? '' : ` -n ${quoted(condition)}`
  const letter = short ? ` -s ${short}` : ''
  const values = name === 'app' ? " -x -a '(__paas_apps)'" : takesValue ? ' -x' : ''
  return `complete -c paas${when}${letter} -l ${name}${values} -d ${quoted(summary)}`
}

/** In fish's single quotes a backslash escapes. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
