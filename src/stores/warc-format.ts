/*
 * What readers and writers of archives share. Apart from what makes records, which loads warcio: only a run that writes an archive pays for
 * that.
 */

/** Version of the archives written here; told in each warcinfo record. */
export const ARCHIVE_VERSION = 1;
export const ARCHIVE_FIELD = 'fetch-pages-archive';
export const SOFTWARE = 'fetch-pages/';

/**
 * The field of a metadata record that holds the page's record, as JSON on one line. In `application/warc-fields`, because indexers take a
 * metadata record of another type for one more version of the page, and replay tools would show it.
 */
export const RECORD_FIELD = 'fetch-pages-record';

/** What ends every record. */
export const RECORD_END = Buffer.from('\r\n\r\n');

export const PROFILE = {
  notModified: 'http://netpreserve.org/warc/1.1/revisit/server-not-modified',
  samePayload: 'http://netpreserve.org/warc/1.1/revisit/identical-payload-digest',
} as const;
