// The types published for @koa/multer know neither multer 2 nor Koa 3.
declare module '@koa/multer' {
  import type { Context } from 'koa';
  import type { Options } from 'multer';

  /** Middleware that ends when the form was read, and sets the fields as `context.request.body`. */
  type ReadForm = (context: Context, next: () => Promise<void>) => Promise<void>;

  export default function koaMulter(options: Options): { any(): ReadForm };
}
