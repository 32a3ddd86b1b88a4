/**
 * The tasks that come with the package, category by category. A category is loaded when one of its tasks
 * is asked for: `tasks list` needs all of them, a run needs one.
 */
export const bundledTasks = [
  { category: 'contacts', load: () => import('./contacts.ts') },
  { category: 'http', load: () => import('./http.ts') },
  { category: 'csv', load: () => import('./csv.ts') },
  { category: 'table', load: () => import('./table.ts') },
] as const;
