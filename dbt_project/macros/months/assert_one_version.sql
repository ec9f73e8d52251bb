{#
    Stop where a table holds rows of another profile, other rules or another key.

    Mixed rows would not join, and unshifted dates beside shifted ones give the shift away.
#}
{% macro assert_one_version(table) -%}
    {%- set query -%}
        select count(*)
        from {{ this }}
        where
            deid_profile != {{ literal(deid_profile()) }}
            or deid_rules_sha256 != {{ literal(table_sha256(table)) }}
            or deid_key_version != {{ deid_key_version() }}
    {%- endset -%}
    {%- if due_months() is not none and run_query(query).columns[0].values()[0] > 0 -%}
        {{ exceptions.raise_compiler_error(
            'deid: ' ~ this.identifier ~ ' holds rows of another profile, mapping or key '
            ~ 'version; rebuild it with --full-refresh'
        ) }}
    {%- endif -%}
{%- endmacro %}
