import { request } from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { UserError } from '../server/errors.ts'

/** Where a WordPress is reached: a connection to the router, and the name that it knows the blog by. */
export type Blog = { readonly connect: () => Socket; readonly name: string }

export type Account = { readonly user: string; readonly password: string }

export type Page = {
  readonly status: number
  readonly body: string
  readonly bytes: Buffer
  readonly location: string | undefined
  /** The host name of the container that answered. */
  readonly servedBy: string
}

/** Somebody's browser at a WordPress: keeps its cookies and fills in its forms. */
export class BlogVisitor {
  readonly #blog: Blog
  readonly #cookies = new Map<string, string>()

  constructor(blog: Blog) {
    this.#blog = blog
  }

  get(path: string): Promise<Page> {
    return this.#ask(path, {})
  }

  /** Fills in the install form. */
  async install(title: string, account: Account): Promise<void> {
    const page = await this.#submit('/wp-admin/install.php?step=2', {
      weblog_title: title,
      user_name: account.user,
      admin_password: account.password,
      admin_password2: account.password,
      pw_weak: '1',
      admin_email: `${account.user}@example.com`,
      blog_public: '0',
      language: '',
    })
    if (!page.body.includes('wp-login.php')) throw unexpected('the installation to succeed', page)
  }

  async logIn({ user, password }: Account): Promise<void> {
    // Its answer sets the cookie by which WordPress sees whether there are cookies.
    await this.get('/wp-login.php')
    const page = await this.#submit('/wp-login.php', { log: user, pwd: password, testcookie: '1' })
    if (page.status !== 302) throw unexpected('the login to lead to the dashboard', page)
  }

  /** Publishes as the editor does, with the nonce of its page; returns the path of the post. */
  async publish(title: string, content: string): Promise<string> {
    const page = await this.#ask('/?rest_route=/wp/v2/posts', {
      headers: { 'content-type': 'application/json', 'x-wp-nonce': await this.#nonce() },
      body: JSON.stringify({ title, content, status: 'publish' }),
    })
    if (page.status !== 201) throw unexpected('the post to be made', page)
    return `/?p=${(JSON.parse(page.body) as { id: number }).id}`
  }

  /** Uploads a picture as the editor does; returns its path. */
  async upload(name: string, png: Buffer): Promise<string> {
    const page = await this.#ask('/?rest_route=/wp/v2/media', {
      headers: {
        'content-type': 'image/png',
        'content-disposition': `attachment; filename="${name}"`,
        'x-wp-nonce': await this.#nonce(),
      },
      body: png,
    })
    if (page.status !== 201) throw unexpected('the picture to be taken', page)
    return new URL((JSON.parse(page.body) as { source_url: string }).source_url).pathname
  }

  /** What shows WordPress that a request comes from the editor's page. */
  async #nonce(): Promise<string> {
    const editor = await this.get('/wp-admin/post-new.php')
    const nonce = /createNonceMiddleware\(\s*"(\w+)"/.exec(editor.body)?.[1]
    if (nonce === undefined) throw unexpected('the editor', editor)
    return nonce
  }

  #submit(path: string, form: Readonly<Record<string, string>>): Promise<Page> {
    const body = new URLSearchParams(form).toString()
    return this.#ask(path, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body })
  }

  async #ask(
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer },
  ): Promise<Page> {
    const { promise, resolve, reject } = Promise.withResolvers<Page>()
    const { connect, name } = this.#blog
    const cookie = [...this.#cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    const asked = request({
      ...{ createConnection: connect, path, method: body === undefined ? 'GET' : 'POST' },
      // Not every resolver knows *.localhost.
      headers: { host: name, ...(cookie === '' ? {} : { cookie }), ...headers },
      signal: AbortSignal.timeout(60_000),
    })
    asked.on('response', (answer) => {
      this.#keep(answer.headers['set-cookie'] ?? [])
      const { location, 'x-served-by': servedBy } = answer.headers
      const page = { status: answer.statusCode ?? 0, location, servedBy: String(servedBy ?? '') }
      buffer(answer).then((bytes) => resolve({ ...page, bytes, body: bytes.toString('utf8') }), reject)
    })
    asked.on('error', reject).end(body)
    return await promise
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (key !== undefined && value !== undefined) this.#cookies.set(key, value)
    }
  }
}

function unexpected(wanted: string, page: Page): UserError {
  const words = page.body
    .replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return new UserError(
    `expected ${wanted}, got ${page.status} ${page.location ?? ''}: ${words.slice(0, 300)}`,
  )
}
