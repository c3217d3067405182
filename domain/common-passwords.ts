/**
 * Words of which the passwords are made that are guessed first, the longest first. From the heads of the published lists
 * (SecLists, Pwned Passwords, NCSC): what stays of their entries without digits and signs.
 */
const WORDS = `
  password passwort passw0rd motdepasse contrasena senha parola haslo wachtwoord passphrase
  administrator administrador admin root user guest default changeme changeit letmein secret login logon access
  welcome willkommen bienvenue hello iloveyou loveyou lovely loveme trustno whatever nothing anything something
  qwertyuiop qwerty qwertz azerty asdfghjkl asdfgh asdf zxcvbnm zxcvbn qazwsxedc qazwsx 1qaz2wsx qweasdzxc qweasd 1q2w3e4r5t 1q2w3e4r 1q2w3e q1w2e3r4
  abcdefgh abcdef abcd abc 1234567890 123456789 12345678 1234567 123456 12345 123321 654321 987654321 112233 121212 111111 000000
  football baseball basketball soccer hockey superman batman spiderman pokemon starwars liverpool arsenal chelsea
  sunshine princess monkey dragon master shadow killer jordan hunter buster ginger pepper cookie summer winter spring autumn
  january february october november december monday friday sunday
  michael jennifer jessica ashley daniel charlie thomas andrew matthew anthony nicole george robert joshua william
  computer internet samsung google facebook linkedin twitter apple microsoft windows android server database strongroom
  freedom flower diamond silver golden orange purple yellow green black white forever family friends angel angels lover
  london america england germany france company business manager service support testing tester test demo sample example
  cheese chocolate banana butterfly rainbow tigger snoopy mustang ferrari corvette harley yamaha
  correcthorsebatterystaple
`;

export const COMMON_WORDS: readonly string[] = WORDS.trim()
  .split(/\s+/)
  .sort((first, second) => second.length - first.length);
