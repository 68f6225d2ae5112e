import { UsageError } from './errors.ts'

/** It is in the route of the app, which is read again with every deploy. */
const largest = 64 * 1024

/** `page` where an app can show it while it is in maintenance. Throws `UsageError`. */
export function parseMaintenancePage(page: string): string {
  const next = 'For instance: ssh paas maintenance:custom-page blog < page.html'
  if (page.trim() === '') throw new UsageError('There is no page on stdin', { next })
  if (Buffer.byteLength(page) > largest)
    throw new UsageError('The page is larger than 64 KiB', {
      next: 'Keep its images elsewhere, and name them by https://',
    })
  return page
}
