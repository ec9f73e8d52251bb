{#
    One raw row for each entity that is due: its newest version over all months.

    A full run takes every entity. A run over some months takes what these months hold,
    and what stage has from them that they no longer hold; of other months it reads the
    key, and whole rows only where such an entity has another version.

    Arguments:
        table (str): raw table.

    Returns: a select of all raw columns and the partition column `month`.
#}
{% macro newest_rows(table) -%}
    {%- set raw = source('raw', table) -%}
    {%- set key = entity_key(table) -%}
    select *
    from {{ raw }}
    {%- if execute and is_incremental() and due_months() is not none %}
    {%- do assert_key() -%}
    {%- do assert_one_version(table) %}
    where {{ due_entities(table, raw, key) }}
    {%- endif %}
    qualify
        row_number() over (
            partition by {{ key.raw }}
            order by
                modified_at desc nulls last,
                fingerprint desc nulls last,
                batch_id desc nulls last,
                month desc
        ) = 1
{%- endmacro %}
