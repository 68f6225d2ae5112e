import { UserError } from '../errors.ts'
import { readText } from '../git/source.ts'
import { type AppJson, parseAppJson } from './app-json.ts'
import { type Procfile, parseProcfile } from './procfile.ts'

/** What a pushed tree says about how it is built and run. */
export type Source = {
  readonly commit: string
  /** Path of the Dockerfile in the tree. */
  readonly dockerfile: string
  /** Names that the Dockerfile declares as ARG: config fills these. */
  readonly buildArgs: readonly string[]
  readonly dockerignore: string | undefined
  readonly procfile: Procfile | undefined
  readonly appJson: AppJson | undefined
}

/** Reads the small files that decide. Throws `UserError` where one is broken or there is nothing to build. */
export async function readSource(repository: string, commit: string): Promise<Source> {
  const [dockerfile, ownIgnore, dockerignore, procfile, appJson] = await Promise.all(
    ['Dockerfile', 'Dockerfile.dockerignore', '.dockerignore', 'Procfile', 'app.json'].map((path) =>
      readText(repository, commit, path),
    ),
  )
  if (dockerfile === undefined) throw nothingToBuild()
  return {
    commit,
    dockerfile: 'Dockerfile',
    buildArgs: [...dockerfile.matchAll(/^\s*ARG\s+([A-Za-z_]\w*)/gim)].flatMap((match) => match[1] ?? []),
    dockerignore: ownIgnore ?? dockerignore,
    procfile: procfile === undefined ? undefined : parseProcfile(procfile),
    appJson: appJson === undefined ? undefined : parseAppJson(appJson),
  }
}

const nothingToBuild = (): UserError =>
  new UserError(
    'There is nothing to build: the root of the pushed tree has no Dockerfile (looked for: Dockerfile)',
    {
      next: [
        'Commit a Dockerfile and push again, for instance:',
        '    FROM node:24-slim',
        '    WORKDIR /app',
        '    COPY . .',
        '    RUN npm ci --omit=dev',
        '    CMD ["node", "server.js"]   # listens on 0.0.0.0:$PORT',
      ].join('\n'),
    },
  )
