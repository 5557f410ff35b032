# `make install` as distributions expect it, and the folders from which the tarballs of a release are made. Included
# by the Makefile.
#
#   make install DESTDIR=stage PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
DOCDIR ?= $(DATADIR)/doc/seekauth

C_PACKAGE := bindings/c/package
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
# The number in the SONAME, and the first version that had it: docs/abi.md.
SONAME := 0
FIRST_OF_SONAME := 0.1.0
SOVERSION := $(SONAME).$(shell echo $(VERSION) | cut -d. -f2-)

# Where cargo left the libraries and the command, their notices, and what the .pc file says of the prefix.
BUILT ?= $(RELEASE)
NOTICES ?= target/notices
PC_PREFIX ?= $(PREFIX)
FILLED = sed -e 's|@version@|$(VERSION)|' -e 's|@prefix@|$(PC_PREFIX)|' -e 's|@soname@|$(SONAME)|' \
	-e 's|@soversion@|$(SOVERSION)|' -e 's|@first@|$(FIRST_OF_SONAME)|' \
	-e 's|@libdir@|$(LIBDIR:$(PREFIX)%=$${prefix}%)|' -e 's|@includedir@|$(INCLUDEDIR:$(PREFIX)%=$${prefix}%)|' \
	-e "s|@headers@|$$($(PYTHON) -c 'import os, sys; print(os.path.relpath(*sys.argv[1:]))' $(INCLUDEDIR) $(LIBDIR))|"

.PHONY: install install-files
install: release-c notices ## use: installs library, headers, command, pkg-config and CMake files, manual and notices; DESTDIR, PREFIX, LIBDIR
	@$(MAKE) --no-print-directory install-files

install-files:
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(LIBDIR)/cmake/seekauth $(INCLUDEDIR) $(DOCDIR) $(DATADIR)/seekauth $(DATADIR)/man/man3)
	install -m 755 $(BUILT)/seekauth $(DESTDIR)$(BINDIR)/seekauth
	install -m 755 $(BUILT)/libseekauth.so $(DESTDIR)$(LIBDIR)/libseekauth.so.$(SOVERSION)
	ln -sf libseekauth.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libseekauth.so.$(SONAME)
	ln -sf libseekauth.so.$(SONAME) $(DESTDIR)$(LIBDIR)/libseekauth.so
	sh $(C_PACKAGE)/static.sh $(BUILT)/libseekauth.a $(DESTDIR)$(LIBDIR)/libseekauth.a
	chmod 644 $(DESTDIR)$(LIBDIR)/libseekauth.a
	install -m 644 include/seekauth.h include/seekauth.hpp $(DESTDIR)$(INCLUDEDIR)/
	$(FILLED) $(C_PACKAGE)/seekauth.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/seekauth.pc
	for name in seekauthConfig seekauthConfigVersion; do \
		$(FILLED) $(C_PACKAGE)/$$name.cmake.in > $(DESTDIR)$(LIBDIR)/cmake/seekauth/$$name.cmake; done
	install -m 644 LICENSE-* $(NOTICES)/c/LICENSE-* $(DESTDIR)$(DOCDIR)/
	install -m 644 bindings/c/share/*.supp $(DESTDIR)$(DATADIR)/seekauth/
	$(PYTHON) $(C_PACKAGE)/man.py $(VERSION) < include/seekauth.h > $(DESTDIR)$(DATADIR)/man/man3/seekauth.3
