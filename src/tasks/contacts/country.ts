/** ISO 3166-1: two letters, then the three that mean the same. Intl knows names, but not these. XK is Kosovo. */
const CODES = `
  ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA
  AZAZE BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES
  BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK
  CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA
  DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA
  GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS
  GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD
  IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA
  KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA
  LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ
  MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC
  NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM
  PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC
  SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV
  SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR
  TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR
  VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE XKXKX
`;

/** Languages whose country names are read, the first deciding where two disagree. */
const LANGUAGES =
  'en de fr es it pt nl pl sv da nb fi cs sk hu ro sl hr bg el tr ru uk ar he hi zh ja ko vi id';

/** What people write and no list of names has. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  AE: ['UAE', 'Emirates'],
  AT: ['A', 'Oesterreich', 'Autriche'],
  BA: ['Bosnia', 'Bosnien'],
  BE: ['B', 'Belgien', 'België / Belgique'],
  CD: ['DR Congo', 'DRC', 'Democratic Republic of the Congo'],
  CH: ['Suisse', 'Schweiz / Suisse', 'Switzerland (CH)', 'Confoederatio Helvetica'],
  CI: ['Ivory Coast'],
  CN: ['PRC', "People's Republic of China", 'Mainland China'],
  CZ: ['Czech Republic', 'Tschechische Republik', 'Czechoslovakia'],
  DE: ['D', 'BRD', 'Bundesrepublik Deutschland', 'Federal Republic of Germany', 'FRG'],
  ES: ['E'],
  FR: ['F'],
  GB: [
    'Great Britain',
    'Britain',
    'England',
    'Scotland',
    'Wales',
    'Northern Ireland',
    'U.K.',
    'Großbritannien',
    'Grossbritannien',
    'Angleterre',
    'Inglaterra',
    'Inghilterra',
    'Engeland',
  ],
  HK: ['Hong Kong', 'Hongkong'],
  IE: ['Eire', 'Republic of Ireland'],
  IR: ['Islamic Republic of Iran'],
  IT: ['I'],
  KP: ['DPRK', "Democratic People's Republic of Korea"],
  KR: ['Korea', 'Republic of Korea', 'ROK'],
  LU: ['L'],
  MK: ['Macedonia', 'FYROM', 'Mazedonien'],
  MM: ['Burma'],
  NL: ['Holland', 'The Netherlands', 'Hollande', 'Holanda', 'Olanda'],
  PS: ['Palestine'],
  RU: ['Russian Federation', 'Russische Föderation'],
  SZ: ['Swaziland'],
  TR: ['Turkey', 'Turkei'],
  TW: ['Taiwan, Province of China', 'ROC'],
  US: [
    'USA',
    'U.S.',
    'U.S.A.',
    'United States of America',
    'America',
    'the States',
    'Vereinigte Staaten von Amerika',
    "États-Unis d'Amérique",
    'Estados Unidos de América',
    'EUA',
    'EE. UU.',
    'EEUU',
    "Stati Uniti d'America",
    'Amerika',
  ],
  VA: ['Holy See', 'Vatican'],
  VN: ['Viet Nam'],
};

/** Codes by folded name: of the codes themselves at first, and of a language more when one is not found. */
let known: Map<string, string> | undefined;
const languagesLeft = LANGUAGES.split(' ');
/** Names of the languages in `known`, as they are written. */
const namesAdded = new Set<string>();
const codes = pairs().map((pair) => pair.slice(0, 2));

/**
 * The two-letter code (ISO 3166-1) of a country, from a code of two or three letters or its name in one
 * of 31 languages. Undefined when there is no such country.
 */
export function countryCode(cell: string): string | undefined {
  const found = codeOf(folded(cell));
  if (found !== undefined) return found;
  // As ISO lists them: `Korea, Republic of`, `Bolivia (Plurinational State of)`.
  const [, name = '', rest = ''] = /^([^,(]+)[,(]\s*([^)]*)/.exec(cell) ?? [];
  return codeOf(folded(`${rest} ${name}`)) ?? codeOf(folded(name));
}

/** The names of a language take 1 ms, those of all 31 a good part of a start: most files need one or two. */
function codeOf(key: string): string | undefined {
  known ??= codesAndOthers();
  for (;;) {
    const found = known.get(key);
    if (found !== undefined) return found;
    const language = key === '' ? undefined : languagesLeft.shift();
    if (language === undefined) return undefined;
    addLanguage(known, language);
  }
}

function codesAndOthers(): Map<string, string> {
  const names = new Map<string, string>();
  for (const pair of pairs()) {
    addName(names, pair.slice(0, 2), pair.slice(0, 2));
    addName(names, pair.slice(2), pair.slice(0, 2));
  }
  addName(names, 'UK', 'GB');
  addName(names, 'EL', 'GR');
  for (const [code, others] of Object.entries(ALSO)) {
    for (const name of others) addName(names, name, code);
  }
  return names;
}

function addLanguage(names: Map<string, string>, language: string): void {
  for (const style of ['long', 'short'] as const) {
    const inLanguage = new Intl.DisplayNames(language, { type: 'region', style, fallback: 'none' });
    for (const code of codes) {
      const name = inLanguage.of(code);
      // Half of them are written alike in a language before, and folding is most of the work.
      if (name === undefined || namesAdded.has(name)) continue;
      namesAdded.add(name);
      // Short forms are other countries' codes in other languages: EU is the USA in Spanish.
      if (!/^\W*(?:\w\W*){1,3}$/.test(name)) addName(names, name, code);
    }
  }
}

function pairs(): readonly string[] {
  return CODES.trim().split(/\s+/);
}

function addName(names: Map<string, string>, name: string, code: string): void {
  const key = folded(name);
  if (key !== '' && !names.has(key)) names.set(key, code);
}

/** Without accents, case, spaces and signs, and without an English article. */
function folded(name: string): string {
  const bare = name.replace(/^\s*the\s+/i, '');
  if (/^[\x20-\x7e]*$/.test(bare)) {
    return bare
      .toLowerCase()
      .replaceAll('&', 'and')
      .replaceAll(/[^a-z0-9]/g, '');
  }
  return bare
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('&', 'and')
    .replaceAll('ß', 'ss')
    .replaceAll('ı', 'i')
    .replaceAll('ł', 'l')
    .replaceAll('ø', 'o')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}
