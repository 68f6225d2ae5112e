import { rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { http } from '../server/net/lean-http.ts'
import type { Report } from './report.ts'
import { lookUp, type Routes } from './table.ts'

export type PagesOptions = {
  /** Unix socket of HAProxy's backend `page`. */
  readonly socket: string
  readonly report: Report
  routes(): Routes
}

/** After how many seconds a visitor of an app in maintenance may ask again; the same as in `pages/maintenance.http`. */
const retryAfter = '60'

/**
 * Answers for apps that are in maintenance or stopped and have a page of their own for it, until it is disposed.
 * HAProxy can't hold such a page byte for byte: what it puts into an answer from a map it encodes, and a file asks for
 * a reload.
 */
export async function startPages({ socket, report, routes }: PagesOptions): Promise<AsyncDisposable> {
  await rm(socket, { force: true })
  const server = http.createServer((request, response) => answer(routes(), request, response))
  server.on('error', (error) => report(`the socket for pages: ${error.message}`))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  return {
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  const target = lookUp(routes, host, request.url ?? '/')
  const page = target?.closed === 'maintenance' ? target.maintenancePage : target?.extras?.errorPage
  response.writeHead(503, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    ...(target?.closed === 'maintenance' ? { 'Retry-After': retryAfter } : {}),
  })
  // None: it was taken away this moment.
  response.end(page ?? 'The app is not running\n')
}
