import type { BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'
import { asksFor, type Dependencies } from './dependencies.ts'

export type StartCommand = {
  /** Undefined: the Procfile says all. */
  readonly web: string | undefined
  readonly note: string
}

/** What a web server is given: `shop.wsgi:application`. */
type Application = { readonly name: string; readonly kind: 'WSGI' | 'ASGI'; readonly file: string }

const usual = ['wsgi.py', 'asgi.py', 'app.py', 'main.py', 'application.py', 'server.py']

/**
 * The Procfile, where it names more than `release`; else a web server that the dependencies have, with the
 * application that the usual files define. Throws `UserError` where nothing says how the app starts.
 */
export async function chooseStart(
  tree: SourceTree,
  dependencies: Dependencies,
  { procfile }: Pick<BuildSettings, 'procfile'>,
): Promise<StartCommand> {
  const named = Object.keys(procfile ?? {}).filter((process) => process !== 'release')
  if (named.length > 0) return { web: undefined, note: `Starts as the Procfile says: ${named.join(', ')}` }
  const application = (await findDjango(tree)) ?? (await findApplication(tree))
  if (application === undefined) throw nothingStarts()
  const web = commandFor(application, dependencies)
  if (web === undefined) throw noServer(application)
  return { web, note: `web: ${web} (guessed: ${application.kind} in ${application.file})` }
}

async function findDjango(tree: SourceTree): Promise<Application | undefined> {
  if (!tree.files.has('manage.py')) return undefined
  const files = [...tree.files.keys()].sort()
  const file =
    files.find((path) => /^\w+\/wsgi\.py$/.test(path)) ?? files.find((path) => /^\w+\/asgi\.py$/.test(path))
  if (file === undefined) return undefined
  const kind = file.endsWith('/wsgi.py') ? 'WSGI' : 'ASGI'
  return { name: `${file.replace(/\.py$/, '').replace('/', '.')}:application`, kind, file }
}

async function findApplication(tree: SourceTree): Promise<Application | undefined> {
  for (const file of usual.filter((each) => tree.files.has(each))) {
    const text = (await tree.read(file)) ?? ''
    const variable = /^(app|application)\s*(?::[^=\n]+)?=[^=]/m.exec(text)?.[1]
    const plain = /^(async\s+)?def\s+(app|application)\s*\(/m.exec(text)
    const made = /^def\s+(create_app|make_app)\s*\(\s*\)/m.exec(text)?.[1]
    const name = variable ?? plain?.[2] ?? (made === undefined ? undefined : `${made}()`)
    if (name === undefined) continue
    const isAsync =
      (variable === undefined && plain?.[1] !== undefined) ||
      /\b(fastapi|starlette|quart|litestar|sanic|blacksheep|get_asgi_application)\b/i.test(text)
    return { name: `${file.replace(/\.py$/, '')}:${name}`, kind: isAsync ? 'ASGI' : 'WSGI', file }
  }
  return undefined
}

function commandFor({ name, kind }: Application, dependencies: Dependencies): string | undefined {
  const has = (server: string): boolean => asksFor(dependencies, server)
  const quoted = /[()]/.test(name) ? `'${name}'` : name
  if (kind === 'WSGI') {
    if (has('gunicorn')) return `gunicorn ${quoted} --bind 0.0.0.0:$PORT`
    return has('waitress') ? `waitress-serve --listen=0.0.0.0:$PORT ${callable(name)}` : undefined
  }
  if (has('uvicorn')) return `uvicorn ${factory(name)} --host 0.0.0.0 --port $PORT`
  return has('hypercorn') ? `hypercorn ${quoted} --bind 0.0.0.0:$PORT` : undefined
}

const callable = (name: string): string => (name.endsWith('()') ? `--call ${name.replace('()', '')}` : name)

const factory = (name: string): string => (name.endsWith('()') ? `--factory ${name.replace('()', '')}` : name)

function noServer({ name, kind, file }: Application): UserError {
  const server = kind === 'WSGI' ? 'gunicorn' : 'uvicorn'
  const options = kind === 'WSGI' ? '--bind 0.0.0.0:$PORT' : '--host 0.0.0.0 --port $PORT'
  return new UserError(`${file} has a ${kind} application, and the dependencies have no server for it`, {
    next: [
      `Add ${server} to the dependencies: it is started as   ${server} ${name} ${options}`,
      'or add a Procfile with a line such as   web: python server.py',
    ].join('\n'),
  })
}

const nothingStarts = (): UserError =>
  new UserError('Nothing says how to start the app', {
    next: [
      'Add a Procfile with a line such as   web: gunicorn FILE:app --bind 0.0.0.0:$PORT',
      `or name the application app or application, in one of ${usual.join(', ')}`,
    ].join('\n'),
  })
