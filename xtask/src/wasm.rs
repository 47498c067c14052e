//! Just enough of WebAssembly's binary format to say what a module imports and how much code it has. No validation: the modules
//! come from our own linker.

/// What a module asks of its host, and what it brings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// `module.name` of each import.
    pub(crate) imports: Vec<String>,
    /// How many functions it defines.
    pub(crate) functions: u32,
}

/// Section numbers of the binary format, <https://webassembly.github.io/spec/core/binary/modules.html#sections>.
const IMPORT: u8 = 2;
const CODE: u8 = 10;

/// Reads a module; `None` when it is none, or one that we cannot read.
pub(crate) fn outline(module: &[u8]) -> Option<Outline> {
    let mut rest = Reader(module.strip_prefix(b"\0asm\x01\0\0\0")?);
    let mut outline = Outline { imports: Vec::new(), functions: 0 };
    while !rest.0.is_empty() {
        let id = rest.byte()?;
        let size = rest.number()?;
        let mut section = Reader(rest.bytes(size)?);
        match id {
            IMPORT => outline.imports = imports(&mut section)?,
            CODE => outline.functions = section.number()?,
            _ => {}
        }
    }
    Some(outline)
}

fn imports(section: &mut Reader<'_>) -> Option<Vec<String>> {
    let count = section.number()?;
    (0..count)
        .map(|_| {
            let name = format!("{}.{}", section.name()?, section.name()?);
            section.skip_description()?;
            Some(name)
        })
        .collect()
}

/// What is left of the module.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn bytes(&mut self, count: u32) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    /// An unsigned LEB128 of at most 32 bits.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn name(&mut self) -> Option<String> {
        let length = self.number()?;
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }

    /// What kind of thing is imported: of no interest, but it has to be stepped over.
    fn skip_description(&mut self) -> Option<()> {
        match self.byte()? {
            0 => drop(self.number()?), // a function's type
            1 => {
                self.byte()?; // a table's element type
                self.skip_limits()?;
            }
            2 => self.skip_limits()?,  // a memory
            3 => drop(self.bytes(2)?), // a global's type and mutability
            _ => return None,
        }
        Some(())
    }

    fn skip_limits(&mut self) -> Option<()> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"\0asm\x01\0\0\0";

    fn module(sections: &[u8]) -> Vec<u8> {
        [HEAD, sections].concat()
    }

    #[test]
    fn imports_of_every_kind_are_named() {
        #[rustfmt::skip]
        let body: &[u8] = &[
            4,
            1, b'e', 1, b'f', 0, 0x80, 0x01,   // a function of type 128
            1, b'e', 1, b't', 1, 0x70, 1, 0, 5, // a table with a maximum
            1, b'e', 1, b'm', 2, 0, 1,          // a memory without one
            1, b'e', 1, b'g', 3, 0x7f, 1,       // a mutable global
        ];
        let length = u8::try_from(body.len()).unwrap();
        let outline = outline(&module(&[&[IMPORT, length], body].concat())).unwrap();
        assert_eq!(outline.imports, ["e.f", "e.t", "e.m", "e.g"]);
    }

    #[test]
    fn functions_are_counted_and_other_sections_skipped() {
        let custom = [0, 3, 1, b'x', 9];
        let code = [CODE, 3, 0x81, 0x01, 0]; // 129 bodies, of which we read none
        let expected = Outline { imports: vec![], functions: 129 };
        assert_eq!(outline(&module(&[custom.as_slice(), &code].concat())), Some(expected));
    }

    #[test]
    fn what_is_cut_short_or_no_module_is_not_read() {
        assert_eq!(outline(b"\x7fELF"), None);
        assert_eq!(outline(&module(&[IMPORT, 9, 1])), None);
    }
}
